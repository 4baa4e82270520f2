"""A built book -> the world; works where nothing is installed."""
