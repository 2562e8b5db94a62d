"""Power cuts: a disk that loses what was not synced, and the real store on it."""
