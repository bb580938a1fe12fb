"""The cold paths: files, batches, metrics and pages, on loopback, behind the workers.

A worker checks the key of a call and passes it on with the key's name and the gateway's own secret;
nobody else is answered.
"""
