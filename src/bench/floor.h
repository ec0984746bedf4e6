/* The floor: what the cryptography of a sign-in costs the server when nothing else
 * is done, by the same libraries with the same settings, on one core, in this run.
 * Nothing that checks the same signatures can be faster than it; how near the server
 * comes is what `lychgate bench signin` reports. */
#ifndef LYCHGATE_BENCH_FLOOR_H
#define LYCHGATE_BENCH_FLOOR_H

#include "bench/report.h"
#include "bench/stage.h"

/* Measure the server's half of each piece (median of many, in processor time), add
 * them to the report as floor_..., and their sum for one sign-in as floor_cpu_each:
 *
 *   kept      one outer TLS handshake, one TLS-DSK handshake, two signatures
 *   not kept  besides: a second outer handshake, a ticket signed and twice verified, a
 *             PKCS#10 verified, a certificate signed, a password hash of cost 1
 *   mobile    one outer TLS handshake, a password hash of cost 1, a ticket signed and
 *             twice verified (for the application, and for makeMeAvailable)
 *
 * Call after the stage is open and before anything else keeps the cores busy. */
enum floor_kind {
    FLOOR_KEPT,
    FLOOR_FULL,
    FLOOR_MOBILE,
    FLOOR_KINDS
};

int floor_measure(const struct stage *stage, enum floor_kind kind, struct bench_report *report,
                  struct fault *fault);

#endif
