"""Metrics as Prometheus reads them. The only door to prometheus-client.

It spells and escapes; what is counted is ours. Its registry of the whole process is
left alone, so that a scrape costs what it shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from fabnet.node.api.exports.figures import Metric


def exposition(metrics: Sequence[Metric]) -> bytes:
    """Return metrics in the text format 0.0.4."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(metrics))
    return generate_latest(registry)


class _Collected(Collector):
    """What was counted for one scrape."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Family]:
        """Return it all."""
        return map(_family, self._metrics)


def _family(metric: Metric) -> Family:
    of = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    labels = [metric.label] if any(state for state, _ in metric.values) else []
    family = of("fabnet_" + metric.name, metric.words, labels=labels)
    for state, value in metric.values:
        family.add_metric([state] if labels else [], value)
    return family
