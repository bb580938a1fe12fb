"""Every number that we promise, one command each."""
