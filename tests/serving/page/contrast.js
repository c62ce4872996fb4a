/** [texts looked at, [[contrast, text]] of those below 4.5, which the guidelines (WCAG 2, AA) ask for]. */
() => {
  const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    paint.clearRect(0, 0, 1, 1); paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => (v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4));
    return .2126 * x + .7152 * y + .0722 * z;
  };
  const behind = (node) => {
    const over = [];
    for (let one = node; one; one = one.parentElement) {
      const [r, g, b, a] = rgba(getComputedStyle(one).backgroundColor);
      over.push([r, g, b, a / 255]);
      if (a === 255) break;
    }
    return over.reverse().reduce((base, [r, g, b, a]) => [r, g, b].map((v, i) => v * a + base[i] * (1 - a)), [255, 255, 255]);
  };
  const texts = [...document.querySelectorAll('body *')].filter((node) => node.checkVisibility({ visibilityProperty: true })
    && !node.closest('[aria-hidden], :disabled, .hidden, .skip')
    && [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()));
  const faint = texts.map((node) => {
    const style = getComputedStyle(node);
    const [a, b] = [light(rgba(node.closest('svg') ? style.fill : style.color)), light(behind(node))].sort((p, q) => q - p);
    return [(a + .05) / (b + .05), node.textContent.trim().slice(0, 40)];
  }).filter(([ratio]) => ratio < 4.5);
  return [texts.length, faint];}
