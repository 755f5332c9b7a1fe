//! The texts of `--help`.

pub(crate) const PROGRAM: &str = "\
threadwire: gRPC, WebSocket and Protocol Buffers on plain threads

Usage: threadwire [COMMAND] [OPTIONS]

Commands:
  demo     start both servers on free ports, run the three exchanges, show them (without a command, too)
  serve    WebSocket echo and gRPC Greeter until Ctrl+C
  echo     send a text to a WebSocket server and print the answer
  greet    call the Greeter and print the answer
  person   a Person as text, as bytes, its size beside JSON and XML, and what it costs

Options:
  -h, --help     this text; 'threadwire COMMAND --help' for a command's
  -V, --version  the version

Exit codes: 0 done, 1 the peer or the system said no, 2 the arguments cannot be followed.
";

pub(crate) const DEMO: &str = "\
Starts both servers on free ports of this machine, runs the three exchanges over real sockets, shows them, and ends.

Usage: threadwire demo [--bytes]

Options:
      --bytes  show every frame that the two clients send (→) and receive (←), behind each exchange
  -h, --help   this text
";

pub(crate) const SERVE: &str = "\
Serves until Ctrl+C or SIGTERM: a WebSocket echo and the gRPC Greeter. A text message is printed and answered with
'Ответ: ' and the text, a binary message with the same bytes. At the first signal what is open has 10
seconds for its end, then it is cut off, and the program ends with 0; a second signal ends it at once, with 130.

Usage: threadwire serve [OPTIONS]

Options:
      --ws ADDR      where WebSocket listens  [localhost:8765]
      --grpc ADDR    where gRPC listens       [[::]:50051]
      --workers N    threads for gRPC calls   [10]
  -q, --quiet        no line for each message
      --trace        every frame received (←) and sent (→), a line each on stderr: 'ws ' or 'grpc ', #connection, frame
  -h, --help         this text

ADDR is HOST:PORT; port 0 takes a free one. Where the servers listen is printed. The echo takes connections from
web pages of any origin: it keeps nothing to steal.
";

pub(crate) const ECHO: &str = "\
Sends a text to a WebSocket server and prints the answer.

Usage: threadwire echo [TEXT] [OPTIONS]

Options:
      --url URL          the server  [ws://localhost:8765]
      --timeout SECONDS  for connection and answer together  [10]
      --trace            every frame sent (→) and received (←), a line each on stderr
  -h, --help             this text

Without TEXT it sends 'Привет сервер'.
";

pub(crate) const GREET: &str = "\
Calls SayHello of a Greeter and prints the answer.

Usage: threadwire greet [NAME] [OPTIONS]

Options:
      --target URL       the server, http://HOST:PORT or HOST:PORT  [http://localhost:50051]
      --timeout SECONDS  for connection and answer together  [10]
      --trace            every frame sent (→) and received (←), a line each on stderr
  -h, --help             this text

Without NAME it greets World.
";

pub(crate) const PERSON: &str = "\
Shows a Person message as text, as its bytes, and its size beside the same as JSON and as XML; then the time that
encoding and decoding take, of it and of as many of them as make a megabyte.

Usage: threadwire person [OPTIONS]

Options:
      --name TEXT   [John Doe]
      --id N        [123]
      --email TEXT  [johndoe@example.com]
  -h, --help        this text
";
