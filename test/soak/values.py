"""Values no two of which are the same, of any size, kept as their tags: value := tag '#' 'x'*size, tag := NAME ':' size.
Names of what transactions set begin with t."""
import datetime


def value_of(tag):
    return tag + "#" + "x" * int(tag.rpartition(":")[2])


def of_transaction(tag):
    """Whether it was set by one: other keys may have changed at the same revision."""
    return tag is not None and tag.startswith("t")


def ms(time):
    """Milliseconds since 1970 of a time as the API shows it; 0: there is none."""
    if not time:
        return 0
    return round(datetime.datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp() * 1000)


def tag_of(value):
    """The tag of a value that is whole; of any other the value itself, which nobody has written."""
    tag, _, padding = value.partition("#")
    size = tag.rpartition(":")[2]
    if size.isdigit() and value == value_of(tag):
        return tag
    return value[:200]
