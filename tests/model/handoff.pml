/* The core of the hand-off, said a second time and in another language: what the tables
   of PROTOCOL.md do while no disk is lost. One requester, two facilities, E lots of one
   job of Q pieces. What was said once may be heard at any time, any number of times, or
   never, so a message is a flag that is never cleared. Timers fire when they like.

   spin -a -DQ=3 -DE=3 handoff.pml && gcc -O2 -DSAFETY -DCOLLAPSE -o pan pan.c && ./pan
   Planted bugs: -DREISSUE -DAGAIN -DCANCEL_ENDS -DRERUN; and -DWRITE_OFF. */

#ifndef Q
#define Q 2
#endif
#ifndef E
#define E 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#define TO_GIVE_UP (lot[e] == asked || lot[e] == confirmed)
#define HEARS (lot[e] == confirmed || lot[e] == cancelling || lot[e] == written_off)

mtype = { unopened, asked, dropped, confirmed, cancelling, written_off, closed,
          unknown, queued, held, ready, running, in_doubt, final };

/* The requester's book. */
mtype lot[E]; byte at[E]; byte pieces[E]; byte booked[E]; byte missing[E];
byte opened;
/* The facilities' databases. */
mtype making[E]; byte good[E]; bit intent[E]; bit reason[E];
/* The world: what was said, what the machines did, what lies on the benches. */
bit request[E]; bit lease[E]; bit confirm[E]; bit cancel[E]; bit told[E];
byte receipt[E]; byte bench[E]; bit acted[E];
byte crashes;

inline owed(n)
{
    n = Q;
    for (i : 0 .. E - 1) {
        if
        :: lot[i] == asked || lot[i] == confirmed || lot[i] == cancelling -> n = n - pieces[i]
        :: lot[i] == closed || lot[i] == written_off -> n = n - (pieces[i] - missing[i] < booked[i] -> pieces[i] - missing[i] : booked[i])
        :: else
        fi
    }
    i = 0
}

inline end() { making[e] = final; told[e] = 1 }

inline rules()
{
    n = Q;
    for (i : 0 .. E - 1) {
        n = n + missing[i] - bench[i];
        assert(good[i] <= bench[i]);                                      /* H3 */
        assert(making[i] != final || good[i] == bench[i]);                /* H4 */
        assert(booked[i] <= bench[i] && booked[i] <= pieces[i]);          /* H5, H7 */
        assert(lot[i] != closed || booked[i] == bench[i]);                /* H6 */
        assert(lot[i] != dropped || bench[i] == 0)                        /* H6 */
    }
    assert(n >= 0);                                                       /* H1 */
    i = 0; n = 0
}

active proctype world()
{
    byte e, i, busy;
    int n;
    for (i : 0 .. E - 1) { lot[i] = unopened; making[i] = unknown }
    i = 0;
end_world:
    do
    :: atomic { opened < E -> owed(n);
        if
        :: n > 0 -> e = opened; opened++;
            if :: at[e] = 0 :: at[e] = 1 fi;
            if :: pieces[e] = n :: n > 1 -> pieces[e] = 1 fi;
            lot[e] = asked; request[e] = 1
        :: else
        fi; n = 0; e = 0 }
    :: atomic { select(e : 0 .. E - 1);                          /* the requester */
        if
        :: lot[e] == asked && lease[e] -> lot[e] = confirmed; confirm[e] = 1
        :: lot[e] == asked && told[e] -> lot[e] = dropped
        :: TO_GIVE_UP -> cancel[e] = 1;
#ifdef CANCEL_ENDS
            lot[e] = (lot[e] == asked -> dropped : closed)
#else
            lot[e] = (lot[e] == asked -> dropped : cancelling)
#endif
#ifdef REISSUE
        :: lot[e] == confirmed -> lot[e] = closed
#endif
#ifdef WRITE_OFF
        :: lot[e] == confirmed || lot[e] == cancelling ->
            lot[e] = written_off; missing[e] = pieces[e] - booked[e]; cancel[e] = 1
#endif
        :: HEARS && receipt[e] > booked[e] -> booked[e]++
        :: HEARS && told[e] -> lot[e] = closed; booked[e] = good[e]
        :: else
        fi; rules(); e = 0 }
    :: atomic { select(e : 0 .. E - 1);                          /* a facility */
        busy = 0;
        for (i : 0 .. E - 1) { busy = busy || (at[i] == at[e] && intent[i]) }
        i = 0;
        if
        :: making[e] == unknown && request[e] -> making[e] = queued
        :: making[e] == unknown && cancel[e] -> end()
        :: making[e] == queued -> making[e] = held; lease[e] = 1
        :: making[e] == queued || making[e] == held || making[e] == ready -> end()
        :: making[e] == held && confirm[e] -> making[e] = ready
#ifdef AGAIN
        :: making[e] == final && confirm[e] -> making[e] = ready; good[e] = 0; reason[e] = 0
#endif
        :: (making[e] == running || making[e] == in_doubt) -> reason[e] = 1
        :: (making[e] == ready || making[e] == running) && !busy && !reason[e] && good[e] < pieces[e] ->
            making[e] = running; intent[e] = 1; acted[e] = 0
        :: making[e] == running && intent[e] && !acted[e] -> bench[e]++; acted[e] = 1
        :: making[e] == running && intent[e] && acted[e] -> good[e]++; intent[e] = 0; acted[e] = 0; receipt[e] = good[e]
        :: making[e] == running && !intent[e] && (reason[e] || good[e] == pieces[e]) -> end()
        :: making[e] == in_doubt ->
#ifndef RERUN
            good[e] = bench[e]; receipt[e] = good[e];
#endif
            intent[e] = 0; making[e] = running
        :: else
        fi; rules(); e = 0; busy = 0 }
    :: atomic { crashes < CRASHES -> crashes++;
        if :: n = 0 :: n = 1 fi;
        for (i : 0 .. E - 1) {
            if
            :: at[i] == n && making[i] == running && intent[i] -> making[i] = in_doubt; acted[i] = 0
            :: at[i] == n && making[i] == held -> making[i] = final; told[i] = 1
            :: else
            fi
        }
        i = 0; n = 0; rules() }
    od
}
