// Start web-push-testing on a free port of loopback and say which: "PORT n". Its own
// command would put itself into the background and listen everywhere.
'use strict';
const net = require('net');
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  return listen.call(this, {port, host: '127.0.0.1'}, ...rest);
};
const {PushApiModel} = require('web-push-testing/src/PushApiModel');
const Service = require('web-push-testing/src/server.js');

const probe = net.createServer();
probe.listen(0, () => {
  const {port} = probe.address();
  probe.close(() => {
    console.log = () => {};
    const service = new Service(new PushApiModel(), port);
    service.startServer();
    service._server.on('listening', () => process.stdout.write(`PORT ${port}\n`));
  });
});
