// /openapi.json and /asyncapi.json
#include "kvs/net/api_document.hpp"
#include "kvs/net/conditional.hpp"
#include "kvs/net/dialogue.hpp"

namespace kvs {

Dialogue::Need Dialogue::document(const ApiDocument& document) {
  std::string scratch;
  bool known = head_.has(Known::if_none_match) && names_tag(head_.list(Known::if_none_match, scratch), document.etag);
  Reply reply = begin_answer();
  reply.begin(known ? 304 : 200).field("ETag", document.etag).field("Cache-Control", "no-cache");
  if (known) {
    reply.no_body();
  } else {
    reply.body("application/json", document.text);
  }
  return answered();
}

}  // namespace kvs
