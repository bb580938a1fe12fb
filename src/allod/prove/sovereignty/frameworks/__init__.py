"""The frameworks as data: criteria by their ids, in short words of our own, each with its source.

A framework is written down here and judged elsewhere (`evaluate`, `csf`), so that a lawyer can read
what is asked without reading code. No text of a framework is copied: ids, numbers, own words.
"""
