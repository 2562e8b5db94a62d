"""The demonstration: three cities, one design, one job, and all of it checked."""
