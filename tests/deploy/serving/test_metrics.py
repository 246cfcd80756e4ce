from __future__ import annotations

from pathlib import Path

from auxseg.deploy.serving.metrics import Metrics, resident_bytes


def test_counts_stand_in_the_text_of_prometheus() -> None:
    metrics = Metrics()
    for status in (200, 413, 200):
        metrics.count(status)
    metrics.predicted(0.25)
    metrics.predicted(0.5)
    lines = metrics.text(3).splitlines()
    for line in (
        "# TYPE auxseg_requests_total counter",
        'auxseg_requests_total{status="200"} 2',
        'auxseg_requests_total{status="413"} 1',
        "auxseg_queue_length 3",
        "auxseg_prediction_seconds_sum 0.750000",
        "auxseg_prediction_seconds_count 2",
    ):
        assert line in lines


def test_memory_is_told_where_the_system_tells_it(tmp_path: Path) -> None:
    status = tmp_path / "status"
    status.write_text("Name:\tpython\nVmRSS:\t    2048 kB\n")
    assert resident_bytes(status) == 2048 * 1024
    assert resident_bytes(tmp_path / "none") is None
