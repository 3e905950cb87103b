"""The chat workspace and the web of the benchmark as flowrun tools.

Owns: names, types and marks of the tools. What they do is AgentDojo's; the bench compares the arguments with AgentDojo's
own functions before it runs. `x-untrusted`: what people outside can write into.
"""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from pydantic import Field

from flowrun import tool

Untrusted = Annotated[str, Field(json_schema_extra={"x-untrusted": True})]


class Message(TypedDict):
    sender: str
    recipient: str
    body: Untrusted


class Done(TypedDict):
    done: bool
    message: str


def _call(name: str, **args: Any) -> Any:
    # Imported late, so that `flowrun lint` can read this file without the bench.
    from bench.security.world import call

    return call(name, args)


def _write(name: str, **args: Any) -> Any:
    from bench.security.world import write

    return write(name, args)


@tool(effect="read")
def get_channels() -> list[Untrusted] | None:
    """List the channels."""
    return _call("get_channels")


@tool(effect="read")
def read_channel_messages(channel: str) -> list[Message] | None:
    """Read the messages of a channel."""
    return _call("read_channel_messages", channel=channel)


@tool(effect="read")
def read_inbox(user: str) -> list[Message] | None:
    """Read the direct messages that a user has received."""
    return _call("read_inbox", user=user)


@tool(effect="read")
def get_users_in_channel(channel: str) -> list[str] | None:
    """List the users in a channel."""
    return _call("get_users_in_channel", channel=channel)


@tool(effect="read")
def get_webpage(url: str) -> Untrusted | None:
    """Read a web page. The address itself is sent to whoever runs the page."""
    return _call("get_webpage", url=url)


@tool(effect="write")
def post_webpage(url: str, content: str) -> Done:
    """Publish a web page."""
    return _write("post_webpage", url=url, content=content)


@tool(effect="write")
def add_user_to_channel(user: str, channel: str) -> Done:
    """Add a user to a channel."""
    return _write("add_user_to_channel", user=user, channel=channel)


@tool(effect="write")
def send_direct_message(recipient: str, body: str) -> Done:
    """Send a direct message to a user."""
    return _write("send_direct_message", recipient=recipient, body=body)


@tool(effect="write")
def send_channel_message(channel: str, body: str) -> Done:
    """Post a message in a channel."""
    return _write("send_channel_message", channel=channel, body=body)


@tool(effect="write")
def invite_user_to_slack(user: str, user_email: str) -> Done:
    """Invite somebody to the chat workspace."""
    return _write("invite_user_to_slack", user=user, user_email=user_email)


@tool(effect="write")
def remove_user_from_slack(user: str) -> Done:
    """Remove a user from the chat workspace."""
    return _write("remove_user_from_slack", user=user)
