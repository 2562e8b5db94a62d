"""The shell: I/O, clocks, dice, threads and everything async."""
