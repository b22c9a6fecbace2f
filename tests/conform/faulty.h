/* An engine round ipsec_mb with one fault, which the cases of conform/ have to find. */
#ifndef TESTS_CONFORM_FAULTY_H
#define TESTS_CONFORM_FAULTY_H

#include "crypto/engine.h"

enum fault {
	FAULT_NONE,
	FAULT_ICV_BIT,	/* the last bit of the ICV is not compared */
	FAULT_AAD_BIT,	/* the last bit of the AAD is not authenticated */
	FAULT_SHORT,	/* texts below 12 bytes are damaged */
	FAULT_LONG,	/* texts above 9100 bytes fail */
	FAULT_OUTSIDE,	/* a byte behind the ICV is written */
	FAULT_IV,	/* the last byte of the IV is taken as 0, in both directions */
	FAULT_CHAIN,	/* of a chain the third piece is left out */
	FAULT_TWICE,	/* every 64th operation comes back twice */
	FAULT_FOREIGN,	/* every 64th time an operation comes back that nobody submitted */
	FAULT_LOST,	/* of those that wait together every 300th is lost */
	FAULT_REVERSED, /* completes backwards: no fault */
	FAULT_OVERFLOW, /* what does not fit is taken, and lost */
	FAULT_EARLY,	/* says that nothing is ready, while it is */
	FAULT_LATE,	/* is not ready when it says so */
	FAULT_KEY,	/* takes keys of any length */
	FAULT_ESN,	/* the high half of extended numbers is not in the AAD */
};

#define FAULTY_DEPTH 1000u /* operations that it takes */

/* Borrows inner. */
struct engine *faulty_create(struct engine *inner, enum fault fault);

#endif
