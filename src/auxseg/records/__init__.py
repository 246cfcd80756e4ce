"""What lies on disk about runs and studies, as typed frozen values; every reader and writer of such a file is here.

- names: what the files are called.
- recipe: recipe.yaml, as far as it is shown.
- events, event_log, last_step: events.jsonl, what happened in a run.
- metrics, table, pictures: metrics.json, per_image.csv, examples.json and inspection.json, what an evaluation found.
- about: about.json and planned.json, what a study is about and which trainings it plans.
- study, arm_result: study.json, the answer of a study.
- screen, agreement: screen.json, the ranking of a study's candidates, and how far rankings agree with studies.
- finding: which directories are runs and studies.
- values: JSON into typed values, and back.

A reader checks size, depth, numbers and types before a value reaches anybody, and refuses with one sentence. What is
read may lack what earlier versions did not write; keys that a newer version wrote are passed over.

The package itself imports nothing: the names of files are asked for by commands that must answer at once.
"""
