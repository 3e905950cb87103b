"""People and waits: failures that nobody hears of, questions that never end, deadlines that never count.

Owns: these findings. Whether somebody may say yes is `lint.approvals`' part.
"""

from __future__ import annotations

from flowrun.lang import spec
from flowrun.lint.findings import Findings
from flowrun.lint.reach import Place, Reach
from flowrun.lint.repairs import without_key
from flowrun.lint.scope import World
from flowrun.values.nodes import walk
from flowrun.words import t

CUSTOMER = "customer"
_SAME_IN_EVERY_RUN = frozenset({"flow", "version", "mode"})
"""What `run` holds that does not name one run."""


def check_people(world: World, reach: Reach, out: Findings) -> None:
    """Find steps that wait for ever or too short, and failures that no person hears of."""
    check = _People(world, out)
    for place in reach.places:
        check.step(place)


class _People:
    def __init__(self, world: World, out: Findings) -> None:
        self.world, self.out = world, out

    def step(self, place: Place) -> None:
        step = place.step
        match step:
            case spec.Ask():
                self.unheard(step, place)
            case spec.AskPerson():
                self.unheard(step, place)
                self.asked(step, place)
            case spec.WaitFor():
                self.wait(step, place)
            case spec.Set() | spec.Stop() if "on_error" in step.at:
                self.out.add(
                    "cannot-fail",
                    t("The step {id} cannot fail, so its `on_error` never counts.", id=step.id),
                    step.at["on_error"],
                    help=t("Take `on_error` out."),
                    edits=without_key(step, "on_error"),
                )
        if isinstance(step, spec.Choose | spec.ForEach | spec.Parallel) and step.on_error == "hand_off":
            self.out.add(
                "hand-off-only-closes",
                t("The step {id} holds other steps: whoever gets it handed off can only close the run.", id=step.id),
                step.at.get("on_error", step.span),
                help=t("Write `on_error: hand_off` at the steps inside that may fail, where a person can answer."),
            )
        self.deadline(step, place)

    def unheard(self, step: spec.Ask | spec.AskPerson, place: Place) -> None:
        """A failure that ends the run, although something was done or a customer waits."""
        if not place.dropped:
            return
        if place.written is not None:
            self.out.add(
                "failure-after-write",
                t(
                    "If the step {id} fails, the run ends here, and no person hears that {tool} was done.",
                    id=step.id,
                    tool=place.written.call,
                ),
                step.at.get("on_error", step.at.get("ask", step.at.get("ask_person", step.span))),
                help=t("Add `on_error: hand_off`, so that a person goes on from here."),
                related=((spec.place_of(place.written, "call"), t("this was done before")),),
            )
        elif isinstance(step, spec.Ask) and step.to == CUSTOMER:
            self.out.add(
                "customer-left",
                t("If the step {id} fails, the customer waits for an answer, and no person hears of it.", id=step.id),
                spec.place_of(step, "to"),
                help=t("Add `on_error: hand_off`, so that a person goes on with the customer."),
            )

    def asked(self, step: spec.AskPerson, place: Place) -> None:
        role = self.world.catalogue.roles.get(step.to)
        if step.within is None and place.until is None:
            if step.to == CUSTOMER or (role is not None and role.within is None):
                nobody = t("If nobody of {role} answers, the step {id} waits for ever.", role=step.to, id=step.id)
                never = t("If the customer never answers, the step {id} waits for ever.", id=step.id)
                self.out.add(
                    "waits-for-ever",
                    never if step.to == CUSTOMER else nobody,
                    spec.place_of(step, "to"),
                    help=t("Add `within: 1d`, and say in `on_error` what happens then."),
                )
        elif step.within is not None and step.to != CUSTOMER and place.dropped and place.written is None:
            self.out.add(
                "late-case-dropped",
                t(
                    "If nobody of {role} answers in time, the run ends `failed`, and no person gets the case.",
                    role=step.to,
                ),
                spec.place_of(step, "within"),
                help=t("Add `on_error: hand_off`, or `on_error: continue` and say in the next steps what holds then."),
            )
        shown = step.ask_person.exprs or step.show or step.with_ is not None
        if step.to != CUSTOMER and not shown:
            self.out.add(
                "blind-question",
                t("Who is asked in the step {id} sees nothing of the case.", id=step.id),
                spec.place_of(step, "ask_person"),
                help=t("Add `show: [input.text]`, or whatever they need to decide."),
            )

    def wait(self, step: spec.WaitFor, place: Place) -> None:
        if step.event is not None and step.within is None and place.until is None:
            self.out.add(
                "event-may-never-come",
                t("If the event {event} never comes, the step {id} waits for ever.", event=step.event, id=step.id),
                spec.place_of(step, "wait_for"),
                help=t("Add `within: 3d`, and say in `on_error` what happens then."),
            )
        if step.key is not None and not _names_a_case(step.key.node):
            self.out.add(
                "wait-key-constant",
                t("This key is the same in every run, so one event would wake all of them."),
                step.key.span,
                help=t("Write what names the case, like `key: input.message_id`."),
            )

    def deadline(self, step: spec.Step, place: Place) -> None:
        """Deadlines that pass before a wait can end, and those that end with the block around."""
        until = place.until
        if isinstance(step, spec.WaitFor) and step.duration is not None:
            own, around = step.within, until
            short = min((limit for limit in (own, around) if limit is not None), default=step.duration)
            if short < step.duration:
                if short == own:
                    message = t(
                        "The step {id} waits longer than its own `within` allows, so it always fails.", id=step.id
                    )
                else:
                    message = t("The step {id} waits longer than the step around it may take.", id=step.id)
                self.out.add(
                    "wait-always-late",
                    message,
                    spec.place_of(step, "wait_for"),
                    help=t("Wait shorter, or raise that `within`."),
                )
                return
        counts = isinstance(step, spec.AskPerson | spec.WaitFor | spec.Choose | spec.ForEach | spec.Parallel)
        if counts and step.within is not None and until is not None and step.within > until:
            block = next(block for block in place.above if block.within == until)
            self.out.add(
                "deadline-cut-short",
                t("The step {id} around this one ends earlier, so this `within` never counts.", id=block.id),
                spec.place_of(step, "within"),
                help=t("Write a shorter time here, or a longer one there."),
                related=((spec.place_of(block, "within"), t("`within` of {id}", id=block.id)),),
            )


def _names_a_case(key: spec.Node) -> bool:
    """Whether a key reads anything that differs from run to run."""
    run = ["name", "run"]
    for node in walk(key):
        reads = node[0] in ("step", "calls") or (node[0] == "name" and node[1] in ("input", "item"))
        if reads or node[:2] == ["call", "now"]:
            return True
        if node[0] == "attr" and node[1] == run and node[2] not in _SAME_IN_EVERY_RUN:
            return True
    return False
