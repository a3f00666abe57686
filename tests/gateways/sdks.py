"""The vendors' Python SDKs as customers use them: a question, a stream, a list, and what a refusal looks like.

They are imported where they are used: that takes seconds, and most processes that collect tests run none of these.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

QUESTION = "Hello"
SDKS = ("openai", "openai-responses", "anthropic", "gemini")


@dataclass(frozen=True)
class Refusal:
    """What an SDK makes of a refusal: its own exception, the status, its word for the kind, and the message."""

    exception: str
    status: int
    kind: str
    message: str


class Clients:
    """Clients of one address, created once for each key."""

    def __init__(self, url: str, gemini_version: str = "") -> None:
        self._url = url
        self._gemini_version = gemini_version or None
        self._clients: dict[tuple[str, str], Any] = {}

    def ask(self, sdk: str, key: str, model: str) -> str:
        """The text of the answer to a question."""
        client = self.client(sdk, key)
        if sdk == "openai":
            completion = client.chat.completions.create(model=model, messages=MESSAGES)
            return str(completion.choices[0].message.content)
        if sdk == "openai-responses":
            return str(client.responses.create(model=model, input=QUESTION).output_text)
        if sdk == "anthropic":
            return str(client.messages.create(model=model, messages=MESSAGES, max_tokens=100).content[0].text)
        return str(client.models.generate_content(model=model, contents=QUESTION).text)

    def stream(self, sdk: str, key: str, model: str) -> Iterator[str]:
        """The parts of the answer as they arrive; OpenAI's responses start with a part that has no text."""
        client = self.client(sdk, key)
        if sdk == "openai":
            for chunk in client.chat.completions.create(model=model, messages=MESSAGES, stream=True):
                yield (chunk.choices[0].delta.content or "") if chunk.choices else ""
        elif sdk == "openai-responses":
            for event in client.responses.create(model=model, input=QUESTION, stream=True):
                yield event.delta if event.type == "response.output_text.delta" else ""
        elif sdk == "anthropic":
            for event in client.messages.create(model=model, messages=MESSAGES, max_tokens=100, stream=True):
                yield event.delta.text if event.type == "content_block_delta" else ""
        else:
            for part in client.models.generate_content_stream(model=model, contents=QUESTION):
                yield part.text or ""

    def models(self, sdk: str, key: str) -> list[str]:
        listed = self.client(sdk, key).models.list()
        return [model.name.removeprefix("models/") if sdk == "gemini" else model.id for model in listed]

    def refusal(self, sdk: str, key: str, model: str) -> Refusal:
        """How a question is refused; AssertionError if it is answered."""
        import anthropic
        import openai
        from google.genai import errors

        try:
            answer = self.ask(sdk, key, model)
        except (openai.APIStatusError, anthropic.APIStatusError) as error:
            return Refusal(type(error).__name__, error.status_code, *_kind_and_message(error.body))
        except errors.APIError as error:
            return Refusal(type(error).__name__, error.code, str(error.status), str(error.message))
        raise AssertionError(f"{sdk} is answered: {answer}")

    def client(self, sdk: str, key: str) -> Any:
        if (sdk, key) not in self._clients:
            self._clients[sdk, key] = self._create(sdk, key)
        return self._clients[sdk, key]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def _create(self, sdk: str, key: str) -> Any:
        if sdk.startswith("openai"):
            import openai

            return openai.OpenAI(base_url=f"{self._url}/v1", api_key=key, max_retries=0)
        if sdk == "anthropic":
            import anthropic

            return anthropic.Anthropic(base_url=self._url, api_key=key, max_retries=0)
        from google import genai

        options: Any = {"base_url": self._url, "api_version": self._gemini_version}
        return genai.Client(api_key=key, http_options=options)


MESSAGES: Any = [{"role": "user", "content": QUESTION}]


def _kind_and_message(body: Any) -> tuple[str, str]:
    """The vendor's word for the error and its message; empty if the body is not in the vendor's format.

    OpenAI's SDK has taken the error out of its object, Anthropic's has not.
    """
    if not isinstance(body, dict):
        return "", ""
    if "error" in body:
        return body["error"]["type"], body["error"]["message"]
    return str(body.get("code")), str(body.get("message"))
