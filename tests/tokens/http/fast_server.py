"""The fast path in front of Django, in this process."""

import io
from typing import Any

from django.core.handlers.wsgi import WSGIHandler

from tokens.http.fastpath import FastPath

Response = tuple[str, dict[str, str], bytes]


class Server:
    """The fast path in front of Django; `by_django` counts the requests that reach Django."""

    def __init__(self) -> None:
        self.by_django = 0
        self.django = WSGIHandler()
        self.fast_path = FastPath(self._django)

    def _django(self, environ: Any, start_response: Any) -> Any:
        self.by_django += 1
        return self.django(environ, start_response)

    def get(self, key: str, path: str = "/v1/models", *, method: str = "", body: Any = b"", **headers: str) -> Response:
        environ = self.environ(key, path, method=method or ("POST" if body else "GET"), body=body, **headers)
        head: list[Any] = []
        response: Any = self.fast_path(environ, lambda status, headers, *_: head.extend([status, headers]))
        content = b"".join(response)
        if hasattr(response, "close"):
            response.close()
        assert head, "the application starts its response"
        return head[0], {name.lower(): value for name, value in head[1]}, content

    def environ(
        self,
        key: str,
        path: str,
        *,
        method: str,
        body: bytes = b"",
        content_type: str = "application/json",
        **headers: str,
    ) -> dict[str, Any]:
        path, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "SCRIPT_NAME": "",
            "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
        }  # fmt: skip
        if key:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {key}"
        else:
            # Visitors see pages with a browser.
            environ["HTTP_ACCEPT"] = "text/html,*/*;q=0.8"
        if body:
            environ |= {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": content_type}
        return environ | {f"HTTP_{name.upper()}": value for name, value in headers.items()}

    def close(self) -> None:
        self.fast_path.states.clear()


def without_ids(response: Response) -> Response:
    status, headers, body = response
    return status, {name: value for name, value in headers.items() if "request-id" not in name}, body
