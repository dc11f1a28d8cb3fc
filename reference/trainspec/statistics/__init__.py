"""What data are like: the standard deviation."""
