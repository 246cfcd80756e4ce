"""Models behind a page and an HTTP interface: `auxseg serve`.

- `limits`: what a request may cost
- `models`: what is asked: runs, model directories, exported networks
- `worker`: the one thread that predicts, and the queue ahead of it
- `uploads`: what is asked about a photograph: read, predict, encode
- `answering`: a request's wait for the worker
- `answers`: from a prediction to the answer's JSON, described by `schema`
- `pictures`: masks, drawings and heat maps, encoded
- `guard`: what is refused before a request is read
- `hosts`: the names that the server answers to
- `problems`: refusals as sentences in JSON
- `metrics`: counts for a monitoring system
- `app`: the addresses, and the page's files
- `server`: the socket, and the process from start to end
"""
