// Which form of an answer the Accept field asks for (RFC 9110, 12.5.1).
#pragma once
#include <cstdint>
#include <string_view>

namespace kvs {

// The q value in thousandths (0 to 1000) of the range written exactly like `range` ("*/*", "application/json";
// lower-case), parameters other than q ignored; -1 if the field does not name it. A q that does not parse counts as
// 1000.
int quality(std::string_view accept, std::string_view range);

// GET /v1/kv/{key}: the record instead of the raw value? If application/json is named, and not also */* at the same
// or a higher q.
bool prefers_record(std::string_view accept);

// GET /v1/kv: NDJSON instead of one JSON document? If application/x-ndjson is named at a higher q than
// application/json.
bool prefers_ndjson(std::string_view accept);

// GET /v1/watch without an upgrade.
enum class StreamForm : std::uint8_t { event_stream, ndjson, none };
// `none` = 406. An empty field is */*, which is ndjson, as application/* is.
StreamForm stream_form(std::string_view accept);

}  // namespace kvs
