/** Makes elements. Data reaches the page as text nodes alone, so a title that looks like markup stays a title. */

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'on') for (const [type, listener] of Object.entries(value)) node.addEventListener(type, listener);
    else if (name === 'data') Object.assign(node.dataset, value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An HTML element: attributes, `on` for listeners, `data` for data-*; children are nodes or plain strings. */
export const el = (tag, props = {}, ...children) => fill(document.createElement(tag), props, children);

/** The same for SVG. */
export const svg = (tag, props = {}, ...children) => fill(document.createElementNS(SVG, tag), props, children);

export const byId = (id) => document.getElementById(id);

/** A square with the first letter of a title (not of its article), in a colour that stays the same for the same title. */
export function tile(text) {
  let hash = 0;
  for (const letter of text) hash = (hash * 31 + letter.codePointAt(0)) % 360;
  const word = text.trim().replace(/^(?:the|an?)\s+(?=\S)/i, '').replace(/^[^\p{L}\p{N}]+(?=[\p{L}\p{N}])/u, '');
  const node = el('span', { class: 'tile', 'aria-hidden': 'true' }, [...word][0]?.toUpperCase() ?? '·');
  node.style.setProperty('--hue', hash);
  return node;
}
