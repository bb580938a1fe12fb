"""Answers: what the catalogue says to a question, found once for all who show it.

Each answer has what was found, for tables and pictures, and `to_json`, which is what every program
gets. A question that has no answer is an error with the field that is wrong, its value and a mend.
"""
