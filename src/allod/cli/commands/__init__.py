"""The commands: names, options and help alone; what they do is imported when they run."""
