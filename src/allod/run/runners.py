"""The runners of a node: those it was given, and one for each site that names a cluster.

Sites come and change while the node lives, and so do their runners. A start that is due for a site
finds the runner of that site's present document.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping

from allod.decide.layout import caps_known
from allod.decide.outlook import NO_OUTLOOK, Outlook
from allod.domain.site import Site
from allod.errors import NotFound, RunnerUnknown
from allod.run.ports import Cluster, Curbed, OutputPart, RunKey, Runner, StreamName
from allod.run.views import runner_name

#: Makes the runner of a site of this name; the runner before it, if there was one, is the third.
Connect = Callable[[str, Site, Runner | None], Runner]


class Runners(Mapping[str, Runner]):
    """Runners by name; may be read from any thread while `follow` changes them."""

    def __init__(self, fixed: Mapping[str, Runner], connect: Connect | None = None) -> None:
        self._fixed, self._connect = dict(fixed), connect
        self._made: dict[str, tuple[Site, Runner]] = {}
        self._lock = threading.Lock()

    def follow(self, sites: Mapping[str, Site], outlook: Outlook = NO_OUTLOOK) -> None:
        """Have a runner for every site that names a cluster, as its document has it now.

        One whose system keeps the envelope is told what documents, calls and forecast leave of it.
        """
        with self._lock:
            wanted = {
                runner_name(name, site): (name, site)
                for name, site in sites.items()
                if site.slurm is not None and self._connect is not None
            }
            kept: dict[str, tuple[Site, Runner]] = {}
            for runner, (name, site) in sorted(wanted.items()):
                before = self._made.get(runner)
                if before is not None and before[0] == site:
                    kept[runner] = before
                else:
                    assert self._connect is not None
                    kept[runner] = (site, self._connect(name, site, before and before[1]))
            dropped = [
                held
                for name, (_, held) in self._made.items()
                if name not in kept or kept[name][1] is not held
            ]
            self._made = kept
        for runner, (name, site) in sorted(wanted.items()):
            made = kept[runner][1]
            if isinstance(made, Curbed) and site.envelope is not None:
                made.curb(caps_known(outlook, name, "site", site.envelope.site))
        for runner_ in dropped:
            close(runner_)

    def output(
        self, name: str, key: RunKey, stream: StreamName, offset: int, limit: int
    ) -> OutputPart:
        """Output of a run, from the runner of this name or from whoever else has it.

        Raises:
            NotFound: Nobody has it.
            RunnerUnknown: The runner of this name has not answered.
        """
        here = self.get(name)
        others = [one for one in self.values() if one is not here]
        for runner in (here, *others) if here is not None else others:
            try:
                return runner.logs(*key, stream, offset, limit)
            except NotFound:
                continue
            except RunnerUnknown:
                if runner is here:
                    raise
        raise NotFound(f"run {key[1]} of workload '{key[0]}' has left no output here")

    def __getitem__(self, name: str) -> Runner:
        made = self._made.get(name)  # Once: `follow` may put others in its place meanwhile.
        return self._fixed[name] if made is None else made[1]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({**self._fixed, **self._made}))

    def __len__(self) -> int:
        return len({**self._fixed, **self._made})


def close(runner: Runner) -> None:
    """Let go of what a runner holds."""
    if isinstance(runner, Cluster):
        runner.close()
