"""Labels and job sheets on paper: laid out once, drawn as SVG or PDF."""
