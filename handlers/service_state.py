"""ServiceState: the provisioning system says whether the service of an order is running."""

from dataclasses import dataclass, replace

from invoice_gateway.handler import (
    Book,
    Code,
    Context,
    Decision,
    Document,
    Draft,
    Handler,
    Order,
    Reach,
    Rejected,
    Role,
    Scope,
    ServiceStatus,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """A state as reported."""

    order_ref: str
    state: ServiceStatus
    service_ref: str | None


def read(document: Document) -> ServiceState:
    """Read a report."""
    return ServiceState(
        order_ref=document.text("OrderReference"),
        state=ServiceStatus(document.text("State")),
        service_ref=document.maybe("ServiceReference"),
    )


def scope(message: ServiceState, _: Context) -> Scope:
    """Ask for the order."""
    return Scope(others=((Order, message.order_ref),))


def decide(message: ServiceState, book: Book, context: Context) -> Decision:
    """Take over the state; what was deleted stays deleted."""
    draft = Draft(book, context)
    order = draft.order(message.order_ref)
    deleted = order.service_state is ServiceStatus.DELETED
    if deleted and message.state is not ServiceStatus.DELETED:
        raise Rejected(
            Code.BAD_TRANSITION,
            f"the service of order {order.reference!r} was deleted: place another order",
        )
    service_ref = message.service_ref or order.service_ref
    draft.put(replace(order, service_state=message.state, service_ref=service_ref))
    return draft.decision()


HANDLER = Handler(
    message="ServiceState",
    rights={Role.PROVISIONING: Reach.ANY},
    read=read,
    scope=scope,
    decide=decide,
)
