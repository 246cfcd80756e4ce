"""What lies on disk about runs and studies, as typed frozen values; every reader of such a file goes through here.

A reader checks size, depth, numbers and types before a value reaches anybody, and refuses with one sentence.
"""

from auxseg.records.reading import MAX_BYTES, parse_json, read_bytes, read_json, read_text

__all__ = ["MAX_BYTES", "parse_json", "read_bytes", "read_json", "read_text"]
