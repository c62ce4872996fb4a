"""kgrec: recommendation and product search on a heterogeneous user-item-entity graph."""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kgrec.recommender import Recommender

# OpenMP's threads spin while they wait. Where other programs want the same cores, that made an epoch 13.0 s
# instead of 1.9 s (two threads, one other busy process). Read when torch is imported, so it must stand here.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Every tensor of a large graph is memory fresh from the kernel, faulted in page by page. Huge pages made a
# step of LightGCN on 2.76 million edges 0.27 s instead of 0.33. Linux only; read at torch's first allocation.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

__version__ = "0.1.0"
__all__ = ["Recommender", "__version__"]


def __getattr__(name: str) -> Any:
    # Lazy, because torch takes seconds to import and `kgrec.__version__` should not.
    if name == "Recommender":
        from kgrec.recommender import Recommender

        return Recommender
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
