"""One key as a sequential object: what each operation does to it, and which answers it allows.

The state is the newest change of the key: its revision and the value (None: deleted, or never set). Because answers carry
revisions, the model knows the place of every acknowledged write; a write below its predecessor is not allowed.
"""
from typing import NamedTuple, Optional

from history import DELETE, IF_ABSENT, IF_PRESENT, IF_REVISION, LINEARIZABLE, OK, READ, SET, UNKNOWN, Operation

# The value of a set that took effect without anybody ever being shown it. One for all: what is not seen makes no difference.
UNSEEN = "(never seen)"
FOREVER = 1 << 62


class State(NamedTuple):
    revision: int
    value: Optional[str]


EMPTY = State(0, None)


class Entry(NamedTuple):
    """An operation as the search sees it. `place`: the revision at which it changes the key; 0: it changes nothing, or
    nobody knows. Without an end (FOREVER) it need not happen."""
    begin: int
    end: int
    place: int
    operation: Operation


def holds(condition, state):
    if condition is None:
        return True
    if condition[0] == IF_ABSENT:
        return state.value is None
    if condition[0] == IF_PRESENT:
        return state.value is not None
    assert condition[0] == IF_REVISION, condition
    return state.value not in (None, UNSEEN) and state.revision == condition[1]


def _agrees(found, state):
    if found is None:
        return state.value is None
    return state == (found.revision, found.value)


def step(state, entry):
    """The state after it, which may be the same; None if it can't have had its answer in this state."""
    operation = entry.operation
    if operation.kind == READ:
        return state if _agrees(operation.found, state) else None
    met = holds(operation.condition, state)
    if operation.knows():  # refused
        return state if not met and _agrees(operation.found, state) else None
    if operation.outcome == UNKNOWN and not entry.place:
        return _perhaps(state, operation, met)
    if not met:
        return None
    if operation.kind == DELETE and not entry.place:  # acknowledged: there was nothing
        return state if state.value is None else None
    if entry.place <= state.revision:
        return None
    if operation.kind == DELETE:
        return None if state.value is None else State(entry.place, None)
    if operation.created is not None and operation.created != (state.value is None):
        return None
    return State(entry.place, operation.value)


def _perhaps(state, operation, met):
    """A write that was never answered and that nobody saw: it does what it would do here."""
    if not met:
        return state
    if operation.kind == SET:
        return State(state.revision, UNSEEN)
    return state if state.value is None else State(state.revision, None)


def entries(operations, every_read=False, order=None, after=0):
    """The entries of one key's operations.

    every_read: also local reads must fit (there is one instance). order: the full order of changes; with it, it is certain
    which of the unanswered writes took effect (above `after`), else only for those whose value some answer showed.
    """
    seen = _first_sight(operations)
    result = []
    for operation in operations:
        end = FOREVER if operation.end is None or operation.outcome == UNKNOWN else operation.end
        if operation.outcome == UNKNOWN and operation.kind == SET:
            place, sight = seen.get(operation.value, (0, FOREVER))
            if order is not None and not place:
                place = order.revision_of(operation.value)
                if not place:
                    continue
            result.append(Entry(operation.begin, sight, place, operation))
        elif operation.outcome == UNKNOWN:
            if operation.kind == DELETE and order is None:
                result.append(Entry(operation.begin, FOREVER, 0, operation))
        elif operation.knows() or operation.outcome == OK:
            if operation.kind != READ or every_read or operation.level == LINEARIZABLE:
                result.append(Entry(operation.begin, end, operation.revision, operation))
    if order is not None:
        result += _deletes_of(order.of_key(operations[0].key, after), operations)
    return result


def _first_sight(operations):
    """value -> (revision, until when it must have taken effect), of all that any answer showed."""
    seen = {}
    for operation in operations:
        if operation.knows() and operation.found:
            revision, end = seen.get(operation.found.value, (operation.found.revision, FOREVER))
            seen[operation.found.value] = (revision, min(end, operation.end))
    return seen


def _deletes_of(changes, operations):
    """The deletes that nobody was told of: each is one of those that were never answered."""
    told = {operation.revision for operation in operations if operation.kind == DELETE and operation.changed()}
    open_deletes = [operation for operation in operations
                    if operation.kind == DELETE and operation.outcome == UNKNOWN]
    if not open_deletes:
        return []
    begin = min(operation.begin for operation in open_deletes)
    key = operations[0].key
    return [Entry(begin, FOREVER, change.revision, Operation(DELETE, key, begin, None, UNKNOWN))
            for change in changes if change.value is None and change.revision not in told]
