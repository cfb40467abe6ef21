"""What the tests share: a PostgreSQL and servers of their own, a client that checks each answer against the
contract, and the words of the funnel (forms, contacts, handoffs) to build a situation in a line or two."""
