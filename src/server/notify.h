/* The service manager's protocol (sd_notify(3), sd_listen_fds(3)), without its
 * library: a datagram to $NOTIFY_SOCKET, and sockets passed as descriptors. */
#ifndef LYCHGATE_SERVER_NOTIFY_H
#define LYCHGATE_SERVER_NOTIFY_H

/* Tell the service manager, if there is one: "READY=1", "STOPPING=1",
 * "RELOADING=1\nMONOTONIC_USEC=...". Failure is nobody's business. */
void notify(const char *state);

/* The passed socket of that name ($LISTEN_FDNAMES), or -1. */
int notify_socket(const char *name);

#endif
