"""The change feed in a browser's own EventSource, which comes back by itself when its stream ends."""

from support import funnel, verdict
from support.waiting import wait_until

# What a page remembers: each event's id and what it told, and how often the stream opened.
LISTEN = """url => {
    window.seen = [];
    window.opened = 0;
    window.source = new EventSource(url);
    source.onopen = () => opened++;
    for (const type of ['submission.received', 'contact.created', 'contact.updated', 'contact.stage_changed',
                        'contact.decision_changed', 'score.grade_changed', 'handoff.opened', 'gone'])
        source.addEventListener(type, event => seen.push([event.type, event.lastEventId, JSON.parse(event.data)]));
}"""


def test_an_event_source_sees_everything_once(make_service, make_page):
    """The server goes away and comes back; nobody tells the page."""
    service = make_service().start()
    try:
        desk = funnel.Desk(service)
        # A browser's EventSource sends no key; here the test's network does.
        page = make_page(extra_http_headers={"Authorization": f"Bearer {service.keys['reader']}"})
        page.goto(f"{service.url}/docs/errors")
        desk.lead(attributes=funnel.VP)
        page.evaluate(LISTEN, "/v1/events/stream")
        feed = told(service)
        wait_until(lambda: len(page.evaluate("seen")) >= len(feed), what="what was")
        service.server.stop()
        service.server.start()
        desk.lead(attributes=funnel.VP)
        feed = told(service)
        wait_until(lambda: len(page.evaluate("seen")) >= len(feed), what="what came after")
        epoch = service.reader.read("/v1/events")["epoch"]
        assert page.evaluate("seen") == [[event["type"], f"{epoch}:{event['position']}", event] for event in feed]
        assert page.evaluate("opened") == 2
        page.evaluate("source.close()")
        service.stop()
    finally:
        service.end()
        service.database.drop()


def told(service):
    verdict.wait_numbered(service)
    return funnel.events_after(service.reader, 0)
