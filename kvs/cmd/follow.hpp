// Keeps a watch going: connects, hands over messages, and when the connection is lost connects again until it is told
// to stop.
#pragma once
#include <string>
#include <string_view>

#include "kvs/cmd/settings.hpp"
#include "kvs/net/client.hpp"

namespace kvs {

// What is followed, and where it has got to.
class Feed {
 public:
  virtual ~Feed() = default;

  // Where to (re)connect so as to go on after what was taken.
  virtual std::string target() const = 0;
  virtual std::string protocol() const = 0;
  // "from revision 42", for the notice of the return; may be empty.
  virtual std::string place() const = 0;

  // What the server may have to wait for before it answers: "revision 42"; empty if it need not.
  virtual std::string awaited() const { return {}; }

  virtual void opened(const ClientAnswer& answer) = 0;
  // The server does not go on from where target() says, and says why. True: target() says something else now.
  virtual bool refused(const ClientAnswer&) { return false; }
  // Hands on one message; when it returns, the message counts as seen. False: that was all that is wanted.
  virtual bool take(std::string_view message) = 0;

  // More was taken than has been worked off: the connection is given up until it is no longer so, and the server keeps
  // the place.
  virtual bool full() const { return false; }
  // The server ended it with this word, and has sent everything before: the feed is where the word says.
  virtual void ended(std::string_view) {}

  // What goes on beside the connections, from before the first one. Must return soon after stop(); what it throws ends
  // the command.
  virtual awaitable<void> work(Executor executor);
  // Nothing more is taken. `code` is the command's exit code: 0 if the feed had enough.
  virtual void stop(int code);
};

// Until the feed has enough (0), --timeout (124), SIGINT (130), SIGTERM (143) or nobody reads our output any more
// (OutputClosed). Lost connections, servers that are not there (yet) or say 429, 502, 503, 504 are tried again after
// 0.25 to 10 s: one line on stderr for the loss and one for the return. Throws Failure when trying again is no use.
int follow(const Settings& settings, Feed& feed);

}  // namespace kvs
