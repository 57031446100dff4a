"""What Prometheus is told: counted where requests end, and read from the service when it is asked.

Labels are names from fixed sets, never what a request holds: a route's template, not its path.
"""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from esign.pdf.sandbox.pool import PoolStats

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The metrics of one application, in a registry of their own."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._requests = Counter(
            "esign_http_requests",
            "Requests answered, by route template; 499: the client left first.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "esign_http_request_seconds",
            "Time from a request's arrival to the end of its answer.",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._signatures = Counter(
            "esign_signatures",
            "Signatures asked for, by the level reached (`-`: none), the authority, and `signed` or the error's code.",
            ["level", "authority", "outcome"],
            registry=self.registry,
        )
        self._verifications = Counter(
            "esign_verifications",
            "Checks of the public, by `file` or `code` and the verdict or the register's status.",
            ["kind", "verdict"],
            registry=self.registry,
        )
        self._problems = Counter(
            "esign_problems", "Requests answered with a problem, by its code.", ["code"], registry=self.registry
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one answered request."""
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def signature(self, *, level: str, authority: str, outcome: str) -> None:
        """Counts one signature that was asked for."""
        self._signatures.labels(level, authority, outcome).inc()

    def verification(self, kind: str, verdict: str) -> None:
        """Counts one public check."""
        self._verifications.labels(kind, verdict).inc()

    def problem(self, code: str) -> None:
        """Counts one problem that was answered."""
        self._problems.labels(code).inc()

    def observe(self, gauges: "Callable[[], Iterable[Metric]]") -> None:
        """Has ``gauges`` asked whenever the metrics are read."""
        self.registry.register(_Gauges(gauges))

    def text(self) -> bytes:
        """All metrics, in Prometheus' text form."""
        return generate_latest(self.registry)


class _Gauges(Collector):
    def __init__(self, gauges: Callable[[], Iterable[Metric]]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterable[Metric]:
        return self._gauges()

    def describe(self) -> Iterable[Metric]:
        return ()


def gauge(name: str, documentation: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    """One gauge with one label."""
    family = GaugeMetricFamily(name, documentation, labels=[label])
    for value, number in values:
        family.add_metric([value], number)
    return family


def pools(stats: Iterable[tuple[str, PoolStats]]) -> Iterator[Metric]:
    """The sandbox pools."""
    found = list(stats)
    yield gauge("esign_sandbox_busy", "Sandbox workers with a job.", "pool", ((n, s.busy) for n, s in found))
    yield gauge("esign_sandbox_queued", "Sandbox jobs that wait.", "pool", ((n, s.queued) for n, s in found))
    yield gauge(
        "esign_sandbox_replaced",
        "Sandbox workers that crashed or broke a limit.",
        "pool",
        ((n, s.replaced) for n, s in found),
    )
