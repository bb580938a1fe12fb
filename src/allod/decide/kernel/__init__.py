"""The compiled half of the engine: state in arrays, hot loops in numba, whole numbers only.

Reading order: `state` (what is kept), `limits` and `room` (does it fit), `ends` (what ends when),
`queue` (who is next), `shadow` (when would the head start), `reclaim` (who must go), `steps`
(what happens on a submission, an end, the passing of time). ADR-0003 says why it is compiled.
"""
