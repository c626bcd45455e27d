// How a queue of the client library wakes the reader.
#pragma once
#include "kvs/bus/event_fd.hpp"

struct rd_kafka_queue_s;

namespace kvs {

// From now on `wake` is raised when something comes into the queue while it is empty; not for what is in it already,
// and not again before it was emptied. So: look once at once, always empty the queue, and look now and then without
// being called (a second is enough).
void wake_by(rd_kafka_queue_s* queue, const EventFd& wake);
void wake_by_nobody(rd_kafka_queue_s* queue);

}  // namespace kvs
