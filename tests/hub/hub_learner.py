"""A learner on the hub without a browser: HTTP, and the kernel's messages over a websocket, through the proxy."""

from __future__ import annotations

import itertools
import json
import struct
import time
import uuid
from urllib.parse import quote, urlsplit

import requests
import websocket
from hub_server import PASSWORD

PATIENCE = 240


class Learner:
    """One learner: their cookies, their server, and the kernel of the lesson they have open."""

    def __init__(self, hub: str, name: str) -> None:
        self.hub, self.name = hub, name
        self.base = f"{hub}user/{name}/"
        self.session = requests.Session()
        self.socket: websocket.WebSocket | None = None
        self.models: dict[str, dict] = {}
        self.updates: list[tuple[str, dict, list[bytes]]] = []

    # The hub.

    def log_in(self) -> None:
        """Log in, and wait for the server that the hub starts."""
        self.session.get(f"{self.hub}hub/login", timeout=PATIENCE).raise_for_status()
        form = {"username": self.name, "password": PASSWORD, "_xsrf": self._token("/hub/")}
        answer = self.session.post(f"{self.hub}hub/login?next=%2Fhub%2Fspawn", data=form, timeout=PATIENCE)
        answer.raise_for_status()
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            answer = self.session.get(f"{self.base}lab", timeout=PATIENCE)
            if answer.ok and urlsplit(answer.url).path == f"/user/{self.name}/lab":
                return
            time.sleep(0.5)
        message = f"{self.name}'s server did not start: {answer.status_code} {answer.url}"
        raise AssertionError(message)

    def pull(self, repository: str, target: str) -> None:
        """Follow an nbgitpuller link."""
        query = f"repo={quote(repository, safe='')}&branch=main&targetpath={target}&depth=0"
        headers = {"X-XSRFToken": self._token(f"/user/{self.name}/")}
        with self.session.get(
            f"{self.base}git-pull/api?{query}", headers=headers, stream=True, timeout=PATIENCE
        ) as answer:
            answer.raise_for_status()
            phases = [json.loads(line[5:])["phase"] for line in answer.iter_lines() if line.startswith(b"data:")]
        assert phases[-1] == "finished", phases

    def call(self, method: str, where: str, /, **content: object) -> requests.Response:
        """A request to the learner's own server."""
        headers = {"X-XSRFToken": self._token(f"/user/{self.name}/")}
        return self.session.request(method, self.base + where, json=content or None, headers=headers, timeout=PATIENCE)

    def files(self, folder: str = "") -> list[str]:
        """What lies in a folder of the learner's."""
        answer = self.call("GET", f"api/contents/{folder}")
        answer.raise_for_status()
        return sorted(entry["name"] for entry in answer.json()["content"])

    def _token(self, path: str) -> str:
        """The token against forged requests that belongs to the hub's pages, or to those of the learner's server."""
        found = [cookie.value for cookie in self.session.cookies if cookie.name == "_xsrf" and cookie.path == path]
        assert found, [(cookie.name, cookie.path) for cookie in self.session.cookies]
        return found[0]

    # The lesson.

    def open(self, path: str) -> dict:
        """Open a lesson, with a kernel; the notebook."""
        notebook = self.call("GET", f"api/contents/{path}").json()["content"]
        made = self.call("POST", "api/sessions", path=path, name=path, type="notebook", kernel={"name": "python3"})
        assert made.status_code == 201, made.text
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.session.cookies)
        address = f"{self.base}api/kernels/{made.json()['kernel']['id']}/channels".replace("http", "ws", 1)
        origin = self.hub.rstrip("/")
        self.socket = websocket.create_connection(address, cookie=cookies, origin=origin, timeout=PATIENCE)
        return notebook

    def run(self, code: str, **expressions: str) -> tuple[list[dict], dict[str, str]]:
        """Run a cell; its outputs, and the values of expressions after it as text."""
        asked = self._send("shell", "execute_request", code=code, silent=False, store_history=True,
                           user_expressions=expressions, allow_stdin=False, stop_on_error=True)  # fmt: skip
        outputs, reply, idle = [], None, False
        while not (reply and idle):
            message, buffers = self._receive()
            kind, content = message["header"]["msg_type"], message["content"]
            self._note(kind, content, buffers)
            if message["parent_header"].get("msg_id") != asked:
                continue
            if kind == "execute_reply":
                reply = content
            elif kind == "status":
                idle = content["execution_state"] == "idle"
            elif kind in ("stream", "display_data", "execute_result", "error", "update_display_data"):
                outputs.append(content)
        assert reply["status"] == "ok", reply
        return outputs, {name: value["data"]["text/plain"] for name, value in reply["user_expressions"].items()}

    def move(self, slider: str, value: float) -> None:
        """Move a slider to a value, as JupyterLab says it to the kernel."""
        (model,) = [
            key for key, state in self.models.items() if "max" in state and slider in state.get("description", "")
        ]
        data = {"method": "update", "state": {"value": value}, "buffer_paths": []}
        self._send("shell", "comm_msg", comm_id=model, data=data)

    def _send(self, channel: str, kind: str, **content: object) -> str:
        header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "username": self.name, "session": self.name,
                  "date": "", "version": "5.4"}  # fmt: skip
        message = {"channel": channel, "header": header, "parent_header": {}, "metadata": {}, "content": content}
        assert self.socket is not None
        self.socket.send(json.dumps(message))
        return header["msg_id"]

    def _receive(self) -> tuple[dict, list[bytes]]:
        assert self.socket is not None
        raw = self.socket.recv()
        if isinstance(raw, str):
            return json.loads(raw), []
        (count,) = struct.unpack("!i", raw[:4])
        starts = [*struct.unpack(f"!{count}i", raw[4 : 4 * (count + 1)]), len(raw)]
        parts = [raw[a:b] for a, b in itertools.pairwise(starts)]
        return json.loads(parts[0]), parts[1:]

    def _note(self, kind: str, content: dict, buffers: list[bytes]) -> None:
        if kind == "comm_open":
            self.models[content["comm_id"]] = content["data"].get("state", {})
        elif kind == "comm_msg":
            self.updates.append((content["comm_id"], content["data"], buffers))
            self.models.setdefault(content["comm_id"], {}).update(content["data"].get("state", {}))

    def close(self) -> None:
        """Leave."""
        if self.socket is not None:
            self.socket.close()
        self.session.close()
