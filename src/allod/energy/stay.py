"""How far a call had come at a time: tokens of prompt and answer, and contexts they were made in.

Prompts are taken to be read evenly from the sending of a call to the first byte of its answer, and
answers to be made evenly from there to the end; a call that is no stream does both all the while.
Everything is a whole number that only rises, so that what windows cut out of a call adds up to it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    """What an engine did for a call."""

    prefill: int = 0  #: Tokens of the prompt, without what it found in its cache. [1]
    decode: int = 0  #: Tokens of the answer. [1]
    context: int = 0  #: Of each token of the answer, the tokens before it; their sum. [1]

    def __sub__(self, earlier: Work) -> Work:
        return Work(
            self.prefill - earlier.prefill,
            self.decode - earlier.decode,
            self.context - earlier.context,
        )


NOTHING = Work()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A call at an engine."""

    call: str
    sent_ms: int  #: [epoch ms]
    first_ms: int  #: First byte of the answer; its end where it is no stream. [epoch ms]
    end_ms: int  #: [epoch ms]
    prompt: int  #: Tokens, cached ones too.
    cached: int
    answer: int

    @classmethod
    def of(
        cls,
        call: str,
        *,
        received_at_ms: int,
        waited_ms: int,
        first_ms: int | None,
        took_ms: int,
        stream: bool,
        tokens: tuple[int, int, int],
    ) -> Stay:
        """The stay of a call by its record; times that contradict each other are put in order."""
        end = received_at_ms + max(took_ms, 0)
        sent = min(received_at_ms + max(waited_ms, 0), end)
        first = received_at_ms + first_ms if stream and first_ms is not None else end
        prompt, cached, answer = tokens
        return cls(
            call=call,
            sent_ms=sent,
            first_ms=min(max(first, sent), end),
            end_ms=end,
            prompt=prompt,
            cached=min(cached, prompt),
            answer=answer,
        )

    @property
    def is_stream(self) -> bool:
        """True if it is known when its answer began."""
        return self.first_ms < self.end_ms

    def at(self, at_ms: int) -> Work:
        """What was done up to and with `at_ms`."""
        read_by = self.first_ms if self.is_stream else self.end_ms
        made_from = self.first_ms if self.is_stream else self.sent_ms
        made = _part(self.answer, made_from, self.end_ms, at_ms)
        return Work(
            _part(self.prompt - self.cached, self.sent_ms, read_by, at_ms),
            made,
            # Token j of the answer has the prompt and j - 1 tokens before it.
            self.prompt * made + made * (made - 1) // 2,
        )

    def within(self, start_ms: int, end_ms: int) -> Work:
        """What was done after `start_ms`, up to and with `end_ms`."""
        return self.at(end_ms) - self.at(start_ms)

    def overlap(self, start_ms: int, end_ms: int) -> tuple[int, int]:
        """The part of its stay in a window, as (from, to); from = to where there is none. [ms]"""
        begin = min(max(self.sent_ms, start_ms), end_ms)
        return begin, max(begin, min(self.end_ms, end_ms))

    def touches(self, start_ms: int, end_ms: int) -> bool:
        """True if it was at the engine after `start_ms`, up to and with `end_ms`."""
        return self.sent_ms <= end_ms and self.end_ms > start_ms


def _part(whole: int, begin_ms: int, end_ms: int, at_ms: int) -> int:
    if at_ms >= end_ms:
        return whole
    if at_ms <= begin_ms:
        return 0
    return whole * (at_ms - begin_ms) // (end_ms - begin_ms)
