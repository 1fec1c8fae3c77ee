"""The official clients against `serve`: openai-python and LlamaIndex's OpenAI class.

Usage: check.py PATH_TO_SERVE. Starts servers of its own, one for each way in
which they fail. Prints a line for each check; exits with 1 if one failed.
"""

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback

# Whatever the environment says, nothing but loopback is asked.
for name in ("http_proxy", "https_proxy", "all_proxy"):
    os.environ.pop(name, None)
    os.environ.pop(name.upper(), None)
os.environ.pop("OPENAI_BASE_URL", None)
os.environ.pop("OPENAI_API_BASE", None)

import openai
from llama_index.core import Document, SummaryIndex
from llama_index.core.async_utils import run_jobs
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai import OpenAI as LlamaOpenAI

SERVE = sys.argv[1]
STORY = [{"role": "user", "content": "Tell me a story"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}


class Serve:
    """A running `serve`."""

    def __init__(self, *arguments, delay="0s"):
        self.log = tempfile.TemporaryFile("w+")
        command = [SERVE, "--port", "0", "--delay", delay, "--first-token-delay", "0s", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        first = self.process.stdout.readline()
        self.url = re.fullmatch(r"export OPENAI_BASE_URL=(\S+)\n", first).group(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def client(self, **options):
        options = {"api_key": "any", "max_retries": 0, "timeout": 60, **options}
        return openai.OpenAI(base_url=self.url, **options)

    def async_client(self, **options):
        options = {"api_key": "any", "max_retries": 0, "timeout": 60, **options}
        return openai.AsyncOpenAI(base_url=self.url, **options)

    def llama(self, **options):
        # LlamaIndex refuses names that it does not know.
        return LlamaOpenAI(model="gpt-4", api_base=self.url, api_key="any", **options)

    def wait_for(self, line):
        """Waits until the server's log has the line; a minute at most."""
        for _ in range(600):
            self.log.seek(0)
            text = self.log.read()
            if line in text:
                return
            time.sleep(0.1)
        raise AssertionError(f"no {line!r} in {text!r}")


@contextlib.contextmanager
def raises(kind):
    """The block must raise this error; what it was is in the list given."""
    caught = []
    try:
        yield caught
    except kind as error:
        caught.append(error)
        return
    raise AssertionError(f"no {kind.__name__}")


def story(client, **options):
    answer = client.chat.completions.create(model="gpt-4", messages=STORY, **options)
    return answer.choices[0].message.content


# -- openai-python --


def models_are_listed_and_retrieved(serve):
    client = serve.client()
    names = [model.id for model in client.models.list()]
    assert names == ["demo-ngram", "demo-extract", "demo-embed"], names
    assert client.models.retrieve("gpt-4").id == "gpt-4"
    with raises(openai.NotFoundError) as caught:
        client.models.retrieve("missing")
    assert caught[0].code == "model_not_found"


def a_stream_says_what_the_whole_answer_says(serve):
    client = serve.client()
    answer = client.chat.completions.create(model="gpt-4", messages=STORY)
    assert answer._request_id.startswith("req_")
    assert answer.choices[0].finish_reason == "stop"
    options = {"include_usage": True}
    stream = client.chat.completions.create(model="gpt-4", messages=STORY, stream=True, stream_options=options)
    chunks = list(stream)
    assert chunks[0].choices[0].delta.role == "assistant"
    deltas = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(deltas) == answer.choices[0].message.content
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == [] and chunks[-1].usage == answer.usage
    assert all(chunk.usage is None for chunk in chunks[:-1])


def the_stream_helper_puts_it_together(serve):
    with serve.client().chat.completions.stream(model="gpt-4", messages=STORY) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done"} <= kinds, kinds
    assert final.choices[0].message.content == story(serve.client())


def a_connection_is_used_again(serve):
    # (After a stream it is not: this client closes it without having read its end.)
    client = serve.client()
    for _ in range(3):
        story(client)
    connections = client._client._transport._pool.connections
    assert len(connections) == 1 and "Request Count: 3" in str(connections[0]), connections


def tool_calls_come_whole_in_fragments_and_through_the_helper(serve):
    client = serve.client()
    options = {"model": "gpt-4", "messages": STORY, "tools": [WEATHER]}
    call = client.chat.completions.create(**options).choices[0].message.tool_calls[0]
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Paris"})
    fragments = []
    for chunk in client.chat.completions.create(stream=True, **options):
        for piece in chunk.choices[0].delta.tool_calls or []:
            fragments.append(piece.function.arguments)
    assert len(fragments) > 2 and json.loads("".join(fragments)) == {"city": "Paris"}, fragments
    with client.chat.completions.stream(**options) as stream:
        message = stream.get_final_completion().choices[0].message
    assert json.loads(message.tool_calls[0].function.arguments) == {"city": "Paris"}
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    asked = {"role": "assistant", "content": None, "tool_calls": [call.model_dump()]}
    options["messages"] = [*STORY, asked, result]
    answer = client.chat.completions.create(**options)
    assert answer.choices[0].message.content == "The tool answered: sunny"


def legacy_completions_work_whole_and_streamed(serve):
    client = serve.client()
    whole = client.completions.create(model="x", prompt="Tell me a story").choices[0].text
    chunks = client.completions.create(model="x", prompt="Tell me a story", stream=True)
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole


def embeddings_are_the_same_either_way(serve):
    client = serve.client()
    texts = ["a heron waits", "a loop polls"]
    packed = client.embeddings.create(model="e", input=texts)  # as base64, its default
    floats = client.embeddings.create(model="e", input=texts, encoding_format="float")
    for one, other in zip(packed.data, floats.data, strict=True):
        assert len(one.embedding) == 256
        assert all(abs(a - b) < 1e-6 for a, b in zip(one.embedding, other.embedding, strict=True))
    assert packed.usage.total_tokens == 6
    short = client.embeddings.create(model="e", input=[1, 2, 3], dimensions=8)
    assert len(short.data[0].embedding) == 8


def a_limit_and_a_stop_and_a_seed_are_heeded(serve):
    client = serve.client()
    answer = client.chat.completions.create(model="gpt-4", messages=STORY, max_completion_tokens=4)
    assert (answer.choices[0].finish_reason, answer.usage.completion_tokens) == ("length", 4)
    whole = story(client)
    assert story(client, stop=".") == whole.split(".")[0]
    assert story(client, seed=1) == story(client, seed=1) != whole


def refusals_are_the_clients_own_errors(serve):
    client = serve.client()
    with raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="missing", messages=STORY)
    error = caught[0]
    assert (error.code, error.param, error.type) == ("model_not_found", "model", "invalid_request_error")
    assert error.request_id.startswith("req_")
    with raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="gpt-4", messages=[])
    assert caught[0].param == "messages"
    with raises(openai.NotFoundError):
        client.post("/nothing", cast_to=object, body={})


def a_rate_limit_is_raised_and_with_retries_waited_for(serve):
    limited = {"model": "rate-limited", "messages": STORY}
    with raises(openai.RateLimitError) as caught:
        serve.client().chat.completions.create(**limited)
    assert caught[0].response.headers["retry-after"] == "1"
    serve.client().chat.completions.create(**limited)
    begin = time.monotonic()
    serve.client(max_retries=1).chat.completions.create(**limited)
    assert time.monotonic() - begin >= 1


def a_stream_that_is_closed_early_stops_the_server(_):
    with Serve(delay="60s") as serve:
        stream = serve.client().chat.completions.create(model="gpt-4", messages=STORY, stream=True)
        next(stream)
        next(stream)
        stream.close()
        serve.wait_for("req_000001 the client left after 1 tokens; generation stopped")


def fifty_async_streams_run_at_once(serve):
    async def one(client):
        stream = await client.chat.completions.create(model="gpt-4", messages=STORY, stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    async def main():
        async with serve.async_client() as client:
            return await asyncio.gather(*[one(client) for _ in range(50)])

    assert set(asyncio.run(main())) == {story(serve.client())}


def a_wrong_key_is_refused(_):
    with Serve("--api-key", "sk-right") as serve:
        with raises(openai.AuthenticationError) as caught:
            story(serve.client(api_key="sk-wrong"))
        assert caught[0].code == "invalid_api_key"
        assert story(serve.client(api_key="sk-right"))


def a_503_is_raised_and_with_retries_overcome(_):
    with Serve("--fault", "503", "--fault-every", "2") as serve:
        with raises(openai.InternalServerError) as caught:
            story(serve.client())
        assert caught[0].status_code == 503
        assert story(serve.client())
        assert story(serve.client(max_retries=1))


def broken_streams_raise_something(_):
    # (That `end` raises nothing is the client's doing.)
    for fault in ("cut", "reset", "corrupt", "error", "stall"):
        with Serve("--fault", fault) as serve:
            client = serve.client(timeout=1 if fault == "stall" else 60)
            stream = client.chat.completions.create(model="gpt-4", messages=STORY, stream=True)
            seen = []
            with raises(Exception) as caught:
                for chunk in stream:
                    seen.append(chunk)
            assert not isinstance(caught[0], AssertionError)
            assert len(seen) == 6, (fault, len(seen), caught[0])


# -- LlamaIndex --


def the_page_streams_a_story(serve):
    async def main():
        deltas = []
        response = await serve.llama().astream_chat([ChatMessage(role="user", content="Tell me a story")])
        async for chunk in response:
            deltas.append(chunk.delta)
        assert chunk.message.content == "".join(deltas)
        return chunk.message.content

    assert asyncio.run(main()) == story(serve.client())


def achat_and_the_completions_work(serve):
    async def main():
        llm = serve.llama()
        answer = await llm.achat([ChatMessage(role="user", content="Tell me a story")])
        assert answer.message.content == story(serve.client())
        assert answer.additional_kwargs["total_tokens"] > 50
        whole = await llm.acomplete("Tell me a story")
        last = None
        async for last in await llm.astream_complete("Tell me a story"):
            pass
        assert last.text == whole.text != ""

    asyncio.run(main())


def run_jobs_asks_many(serve):
    async def main():
        llm = serve.llama()
        jobs = [llm.acomplete(f"Story {n}") for n in range(12)]
        return await run_jobs(jobs, workers=4)

    assert len({answer.text for answer in asyncio.run(main())}) > 6


def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


def tools_are_called_with_arguments_that_fit(serve):
    async def main():
        llm, tools = serve.llama(), [FunctionTool.from_defaults(get_weather)]
        answer = await llm.achat_with_tools(tools, user_msg="Weather?")
        whole = llm.get_tool_calls_from_response(answer)
        last = None
        async for last in await llm.astream_chat_with_tools(tools, user_msg="Weather?"):
            pass
        streamed = llm.get_tool_calls_from_response(last)
        result = await llm.apredict_and_call(tools, user_msg="Weather?")
        return whole[0], streamed[0], str(result)

    *calls, result = asyncio.run(main())
    for call in calls:
        assert (call.tool_name, call.tool_kwargs) == ("get_weather", {"city": "Paris"}), call
    assert result == "sunny in Paris", result


def aretrieve_and_aquery_answer_from_documents(serve):
    async def main():
        documents = [Document(text="The heron waits for fish."), Document(text="A loop polls its tasks.")]
        index = SummaryIndex.from_documents(documents)
        nodes = await index.as_retriever().aretrieve("What does a loop poll?")
        assert len(nodes) == 2
        answer = await index.as_query_engine(llm=serve.llama()).aquery("What does a loop poll?")
        assert str(answer) == "A loop polls its tasks.", str(answer)
        engine = index.as_query_engine(llm=serve.llama(), streaming=True)
        streaming = await engine.aquery("Who waits for fish?")
        text = "".join([piece async for piece in streaming.async_response_gen()])
        assert text == "The heron waits for fish.", text

    asyncio.run(main())


def llamaindex_raises_what_the_server_refuses(_):
    with Serve("--api-key", "sk-right") as serve:

        async def main():
            llm = serve.llama(max_retries=0)
            await llm.achat([ChatMessage(role="user", content="hi")])

        with raises(openai.AuthenticationError):
            asyncio.run(main())


CHECKS = [
    models_are_listed_and_retrieved,
    a_stream_says_what_the_whole_answer_says,
    the_stream_helper_puts_it_together,
    a_connection_is_used_again,
    tool_calls_come_whole_in_fragments_and_through_the_helper,
    legacy_completions_work_whole_and_streamed,
    embeddings_are_the_same_either_way,
    a_limit_and_a_stop_and_a_seed_are_heeded,
    refusals_are_the_clients_own_errors,
    a_rate_limit_is_raised_and_with_retries_waited_for,
    a_stream_that_is_closed_early_stops_the_server,
    fifty_async_streams_run_at_once,
    a_wrong_key_is_refused,
    a_503_is_raised_and_with_retries_overcome,
    broken_streams_raise_something,
    the_page_streams_a_story,
    achat_and_the_completions_work,
    run_jobs_asks_many,
    tools_are_called_with_arguments_that_fit,
    aretrieve_and_aquery_answer_from_documents,
    llamaindex_raises_what_the_server_refuses,
]


def main():
    failed = 0
    with Serve() as serve:
        for check in CHECKS:
            name = check.__name__.replace("_", " ")
            try:
                check(serve)
                print(f"ok: {name}", flush=True)
            except Exception:
                failed += 1
                print(f"FAILED: {name}\n{traceback.format_exc()}", flush=True)
    print(f"{len(CHECKS) - failed} of {len(CHECKS)} checks passed with openai {openai.__version__}")
    return 1 if failed else 0


sys.exit(main())
