<?php
/**
 * The search for a repair.
 *
 * @package Repair_Agent
 */

namespace Repair_Agent;

/**
 * Runs the tests, tries edits one by one, keeps what helps, and reports.
 *
 * Either all tests pass at the end, or every file is as it was.
 */
final class Repair {

	/** Edits that are tried at most. */
	private const MAX_ATTEMPTS = 500;

	/** Edits that are kept at most: who needs more wants a person. */
	private const MAX_KEPT = 5;

	/**
	 * What was done.
	 *
	 * @var list<array{title: string, detail: string}>
	 */
	private array $steps = array();

	/**
	 * Edits tried so far.
	 *
	 * @var int
	 */
	private int $attempts = 0;

	/**
	 * Makes a repair.
	 *
	 * @param Workspace $workspace The sources.
	 * @param Test_Run  $tests     Their tests.
	 */
	public function __construct( private readonly Workspace $workspace, private readonly Test_Run $tests ) {}

	/**
	 * Searches and reports.
	 *
	 * @return array<string, mixed> As the ability's output schema says.
	 */
	public function run(): array {
		$this->note( 'Read the workspace', implode( "\n", array_keys( $this->workspace->sources() ) ) );

		$before = $this->run_tests( 'Ran the tests' );

		if ( $before->passed() ) {
			return $this->report( true, 'All tests pass: there is nothing to repair.', $before, $before );
		}

		if ( array() === $before->tests ) {
			return $this->report( false, 'The tests cannot run, so no repair can be checked.', $before, $before );
		}

		$done = false;
		$this->restore_at_shutdown_unless( $done );

		try {
			$repaired = $this->search( $before );
			$after    = $repaired ? $this->run_tests( 'Ran the tests again' ) : $before;
			$done     = $repaired && $after->passed();
		} finally {
			if ( ! $done ) {
				$this->workspace->restore();
			}
		}

		if ( ! $done ) {
			$after = $this->run_tests( 'Restored every file and ran the tests again' );
			$done  = true;

			return $this->report( false, "No rule repairs the code: $this->attempts edits were tried and undone.", $before, $after );
		}

		return $this->report(
			true,
			sprintf( 'Repaired %s: %s', implode( ', ', $this->workspace->changed() ), $after->headline() ),
			$before,
			$after
		);
	}

	/**
	 * Makes sure that the files are put back if a tried edit ends the process (exit, memory): then
	 * nobody else would undo it.
	 *
	 * @param bool $done Set to true by the caller when there is nothing to put back.
	 */
	private function restore_at_shutdown_unless( bool &$done ): void {
		// As WordPress does before it loads a plugin for the first time: its handler of fatal errors
		// would end the process before our function's turn.
		if ( ! defined( 'WP_SANDBOX_SCRAPING' ) ) {
			define( 'WP_SANDBOX_SCRAPING', true );
		}

		register_shutdown_function(
			function () use ( &$done ): void {
				if ( ! $done ) {
					$this->workspace->restore();
				}
			}
		);
	}

	/**
	 * Keeps one edit after the other until all tests pass.
	 *
	 * @param Test_Result $result The tests of the sources as they are.
	 * @return bool Whether they all pass.
	 */
	private function search( Test_Result $result ): bool {
		for ( $kept = 0; $kept < self::MAX_KEPT && ! $result->passed(); $kept++ ) {
			$found = $this->best_edit( $result );

			if ( null === $found ) {
				return false;
			}

			[ $edit, $result ] = $found;

			$this->note( 'Kept an edit', $edit->describe( $this->workspace->sources()[ $edit->path ] ) . "\n" . $result->headline() );
			$this->workspace->apply( $edit );
		}

		return $result->passed();
	}

	/**
	 * Tries edits, the most suspicious lines first: the first one that makes all tests pass, or
	 * else the one that repairs most of them without breaking another. Every edit is undone.
	 *
	 * @param Test_Result $now The tests of the sources as they are.
	 * @return array{Edit, Test_Result}|null
	 */
	private function best_edit( Test_Result $now ): ?array {
		$sources = $this->workspace->sources();
		$edits   = $this->ranked_edits( $now );
		$best    = null;
		$most    = 0;
		$tried   = 0;

		foreach ( $edits as $edit ) {
			if ( $this->attempts >= self::MAX_ATTEMPTS ) {
				break;
			}

			++$this->attempts;
			++$tried;
			$this->workspace->apply( $edit );
			$then = $this->tests->run();
			$this->workspace->restore( $sources );

			$repaired = $then->repaired_since( $now );

			if ( $repaired > $most ) {
				$best = array( $edit, $then );
				$most = $repaired;
			}

			if ( $then->passed() && $repaired > 0 ) {
				break;
			}
		}

		$this->note(
			'Tried edits one by one',
			sprintf( '%d of %d proposed edits, each undone after its test run.', $tried, count( $edits ) )
		);

		return $best;
	}

	/**
	 * All edits that the rules propose, those of the most suspicious lines first.
	 *
	 * @param Test_Result $result The tests of the sources as they are.
	 * @return list<Edit>
	 */
	private function ranked_edits( Test_Result $result ): array {
		$sources = array();

		foreach ( $this->workspace->sources() as $path => $code ) {
			$sources[ $path ] = new Source( $path, $code );
		}

		$suspicion = new Suspicion( $result, array_values( $sources ) );
		$edits     = array_merge( ...array_map( Rules::propose( ... ), array_values( $sources ) ) );
		$scores    = array();
		$lines     = array();

		foreach ( $edits as $index => $edit ) {
			$scores[ $index ]                     = $suspicion->of( $sources[ $edit->path ], $edit->line );
			$lines[ "$edit->path:$edit->line" ] ??= sprintf( '%.2f  %s:%d  %s', $scores[ $index ], $edit->path, $edit->line, trim( $sources[ $edit->path ]->lines[ $edit->line ] ) );
		}

		arsort( $scores ); // Stable: edits of one line stay in the order of the rules.
		rsort( $lines, SORT_NATURAL );

		$this->note( 'Ranked the lines by suspicion', implode( "\n", array_slice( $lines, 0, 5 ) ) );

		return array_map( static fn( int $index ): Edit => $edits[ $index ], array_keys( $scores ) );
	}

	/**
	 * Runs the tests and notes the outcome.
	 *
	 * @param string $title Why they are run.
	 */
	private function run_tests( string $title ): Test_Result {
		$result = $this->tests->run();
		$detail = $result->headline();

		foreach ( $result->failing() as $test ) {
			$detail .= "\nnot ok: {$test['name']}" . ( isset( $test['message'] ) ? " ({$test['message']})" : '' );
		}

		$this->note( $title, $detail );

		return $result;
	}

	/**
	 * Notes a step.
	 *
	 * @param string $title  What was done.
	 * @param string $detail With which outcome.
	 */
	private function note( string $title, string $detail ): void {
		$this->steps[] = array(
			'title'  => $title,
			'detail' => $detail,
		);
	}

	/**
	 * The report.
	 *
	 * @param bool        $success Whether all tests pass now.
	 * @param string      $summary One sentence.
	 * @param Test_Result $before  The first run.
	 * @param Test_Result $after   The last run.
	 * @return array<string, mixed>
	 */
	private function report( bool $success, string $summary, Test_Result $before, Test_Result $after ): array {
		return array(
			'success'       => $success,
			'summary'       => $summary,
			'steps'         => $this->steps,
			'test_results'  => array(
				'before' => $before->to_array(),
				'after'  => $after->to_array(),
			),
			'files_changed' => $this->workspace->changed(),
		);
	}
}
