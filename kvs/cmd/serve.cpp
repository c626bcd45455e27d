#include "kvs/cmd/serve.hpp"

#include "kvs/cmd/failure.hpp"

namespace kvs {

int serve(const ServeOptions&) { throw Failure(exit_code::other, "this build has no server yet"); }

}  // namespace kvs
