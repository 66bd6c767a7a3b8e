"""The start of the API reference: how to get a key, and commands that a test really runs."""

from __future__ import annotations

from typing import Final

HEAD: Final = """\
# HTTP API

This file is made from the code by `slskmesh gateway docs`; do not edit it.

slskmesh serves HTTP to programs on this machine where `gateway.enabled` is on (pane Settings, or `[gateway]` in
`config.toml`): in the terminal app and in `slskmesh daemon` alike, at `gateway.listen`, which is `127.0.0.1:5030`. The
whole description for programs (OpenAPI 3.1) is at `/api/slskmesh/openapi.json`.

## Keys

Every request needs a key, in the header `X-API-Key` or as `Authorization: Bearer`. There are two, each in a file of the
home that only you can read; both are made when they are first needed:

```
slskmesh gateway key               # reads and changes everything
slskmesh gateway key --readonly    # reads
slskmesh gateway key --new         # a new one; the old one holds until the engine starts anew
```

`slskmesh gateway status` says whether it is switched on and answers.

## What holds for all routes

- JSON goes in and out, in UTF-8. Fields that are unknown are left out. Keys of a body are read in any case.
- A trailing slash means nothing.
- An error is a JSON string below `/api/v0`, as slskd has it, and `{"error": "…"}` elsewhere, with one of these statuses
  besides those told below:

| status | when |
|---|---|
| 400 | what was asked for makes no sense; the text says what |
| 401 | no key where one is needed, or not one of ours |
| 403 | the key only reads; the `Host` is none of this machine's names or addresses (`gateway.hosts`); |
| | a web page calls whose `Origin` is not let in (`gateway.origins`) |
| 408, 413 | a body did not come within 30 seconds, or is over 1,048,576 bytes |
| 429 | too many requests (500 a second), or too many wrong keys; `Retry-After` says when to come again |
| 500 | a fault of slskmesh; the log says where |
| 503 | too many requests at once (128); `Retry-After` |
| 504 | the engine did not answer in time |

## Examples

```sh
URL=http://127.0.0.1:5030
KEY=$(slskmesh gateway key)
```

Is it there, and which networks can be asked:

```sh
curl -sf -H "X-API-Key: $KEY" $URL/api/v0/application
```

Search, as clients of slskd do: ask, look whether it is complete, take what was found, forget it.

```sh
ID=$(curl -sf -H "X-API-Key: $KEY" $URL/api/v0/searches -d '{"searchText": "harbour lights", "searchTimeout": 2000}' \\
  | sed 's/.*"id":"\\([^"]*\\)".*/\\1/')
curl -sf -H "X-API-Key: $KEY" $URL/api/v0/searches/$ID
curl -sf -H "X-API-Key: $KEY" $URL/api/v0/searches/$ID/responses
curl -sf -H "X-API-Key: $KEY" $URL/api/v0/searches/$ID -X DELETE
```

What is being downloaded, and the jobs:

```sh
curl -sf -H "X-API-Key: $KEY" $URL/api/v0/transfers/downloads
curl -sf -H "X-API-Key: $KEY" $URL/api/jobs
```

What this instance can do:

```sh
curl -sf -H "X-API-Key: $KEY" $URL/api/slskdn/capabilities
```
"""
