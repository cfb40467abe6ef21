"""Writers, consumers and sequencers on three instances, with kills: no consumer misses or repeats an event, all agree, and
each contact's events are in the order in which they happened."""

import os
import random
import threading

import httpx
import pytest

from support import funnel, verdict
from support.load import Load
from support.waiting import wait_until

ROUNDS = int(os.environ.get("RELAIS_KILL_ROUNDS", "6"))
SEED = int(os.environ.get("RELAIS_KILL_SEED", "20261121"))


class Consumer(threading.Thread):
    """Reads the feed as a CRM does: it keeps the epoch and next_after, asks again after a failure, any instance."""

    def __init__(self, number, service, stop):
        super().__init__(daemon=True)
        self.service = service
        self.stopping = stop
        self.random = random.Random(f"{SEED}-consumer-{number}")
        self.events = []
        self.epoch = None
        self.after = 0
        self.failures = []

    def run(self):
        while not self.stopping.is_set():
            server = self.random.choice(self.service.servers)
            parameters = {"after": self.after, "limit": self.random.choice([1, 7, 50, 1000]),
                          "wait": self.random.choice([0, 0, 1])}
            if self.epoch is not None:
                parameters["epoch"] = self.epoch
            try:
                answer = httpx.get(f"{server.url}/v1/events", params=parameters, timeout=60, trust_env=False,
                                   headers={"Authorization": f"Bearer {self.service.keys['reader']}"})
            except httpx.TransportError:
                continue  # it was killed
            if answer.status_code == 503:
                continue
            if answer.status_code != 200:
                self.failures.append((answer.status_code, answer.text))
                return
            page = answer.json()
            self.events += page["data"]
            self.epoch, self.after = page["epoch"], page["next_after"]

    def read_to(self, last):
        return self.after >= last or self.failures


@pytest.mark.concurrency
def test_nothing_is_missed_or_repeated(make_service):
    service = make_service(instances=3).start()
    chance = random.Random(SEED)
    stop = threading.Event()
    consumers = [Consumer(number, service, stop) for number in range(4)]
    try:
        desk = funnel.Desk(service)
        ports = [server.port for server in service.servers]
        for consumer in consumers:
            consumer.start()
        with Load(lambda: ports, desk.form["slug"], writers=6, seed=SEED, contacts=3) as load:
            for _ in range(ROUNDS):
                wanted = load.acknowledged_count() + 80
                wait_until(lambda: load.acknowledged_count() >= wanted, 60, "acknowledgements")
                victim = chance.choice(service.servers)
                victim.kill()
                victim.start()
        verdict.wait_numbered(service)
        last = service.database.value("SELECT last FROM feed_head")
        wait_until(lambda: all(consumer.read_to(last) for consumer in consumers), 60, "the consumers")
        stop.set()
        for consumer in consumers:
            consumer.join(60)
            assert consumer.failures == []
        assert load.unexpected() == []
        print(load.summary(), f"{last} events")
        told = {f"consumer {number}": consumer.events for number, consumer in enumerate(consumers)}
        assert verdict.check_all(service, load, desk.form["slug"], told) == []
        service.stop()
    finally:
        stop.set()
        service.end()
        service.database.drop()
