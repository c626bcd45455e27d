#pragma once

#include "test/bench/load/dialect.hpp"

namespace kvs::load {

// Redis answers: `+OK`, `:7`, `-ERR …`, `$100` and as many bytes; `$-1` (no such key) counts as refused.
class RespAnswers : public AnswerReader {
 public:
  Answers read(std::string_view text) override;
};

// NATS: a PONG answers a batch, -ERR refuses it; INFO and PING are passed over.
class NatsAnswers : public AnswerReader {
 public:
  Answers read(std::string_view text) override;
};

}  // namespace kvs::load
