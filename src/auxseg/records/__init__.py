"""What lies on disk about runs and studies, as typed frozen values; every reader of such a file goes through here.

- reading: bounded, strict reading of JSON and text.
- events: events.jsonl, what happened in a run.
- metrics: metrics.json, what an evaluation found.
- pictures: examples.json and inspection.json, what an evaluation drew.
- recipe: recipe.yaml, as far as it is shown.
- study: study.json, the answer of a study.
- table: per_image.csv.

A reader checks size, depth, numbers and types before a value reaches anybody, and refuses with one sentence.
"""

from auxseg.records.reading import MAX_BYTES, parse_json, read_bytes, read_json, read_text

__all__ = ["MAX_BYTES", "parse_json", "read_bytes", "read_json", "read_text"]
