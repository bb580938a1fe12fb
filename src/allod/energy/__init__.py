"""Physics and accounts of a site's energy, pure: nothing here reads a file, a clock or a die."""
