// GET /v1/kv: the keys there are.
#include "kvs/net/dialogue.hpp"
#include "kvs/net/list_body.hpp"

namespace kvs {

Dialogue::Need Dialogue::list() {
  auto request = parse_list(head_, worker_);
  if (!request) return refuse(request.error());
  if (auto problem = narrow(request->range)) return refuse(*problem);
  if (auto need = await_state(request->consistency)) return *need;
  worker_.traffic().done(KeyOperation::list, Result::ok);
  const State& state = shown();
  Revision revision = shown_revision();
  std::string fields = "Vary: Accept\r\nCache-Control: no-store\r\n";
  ListScan scan(state, request->range);
  if (request->stream) {
    return stream(revision, "application/x-ndjson", fields, lines_body(std::move(scan), request->limit, request->form));
  }
  Page page = measure_page(scan, *request, {revision, worker_.store().log_id()});
  if (!page.next.empty()) {
    worker_.store().pin(state, revision);  // the next page is of the same state
    fields += "Link: <" + page.next + ">; rel=\"next\"\r\n";
  }
  return stream(revision, "application/json", fields,
                page_body(std::move(scan), std::move(page), request->form, revision));
}

}  // namespace kvs
