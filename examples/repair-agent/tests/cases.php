<?php
/**
 * What the agent promises, a test each.
 *
 * @package Repair_Agent
 */

/*
 * Gives a test a workspace root of its own with a copy of some project in it, and an administrator
 * as user. The test gets the harness, the copy's path and a function that calls the ability.
 */
$repair_agent_test = static function ( string $project, callable $test ): Closure {
	return static function ( object $t ) use ( $project, $test ): void {
		$root  = get_temp_dir() . uniqid( 'repair-agent-' );
		$copy  = "$root/" . basename( $project );
		$user  = get_current_user_id();
		$allow = static fn(): string => $root;
		$admin = get_users(
			array(
				'role'   => 'administrator',
				'number' => 1,
				'fields' => 'ID',
			)
		);

		$each = static fn( string $dir, int $order ): iterable => new RecursiveIteratorIterator(
			new RecursiveDirectoryIterator( $dir, FilesystemIterator::SKIP_DOTS ),
			$order
		);

		wp_mkdir_p( $copy );

		foreach ( $each( $project, RecursiveIteratorIterator::SELF_FIRST ) as $entry ) {
			$target = $copy . substr( $entry->getPathname(), strlen( $project ) );
			$entry->isDir() ? mkdir( $target ) : copy( $entry->getPathname(), $target );
		}

		$files = static function () use ( $each, $copy ): array {
			$contents = array();
			foreach ( $each( $copy, RecursiveIteratorIterator::LEAVES_ONLY ) as $file ) {
				$contents[ substr( $file->getPathname(), strlen( $copy ) + 1 ) ] = file_get_contents( $file->getPathname() );
			}
			ksort( $contents );
			return $contents;
		};

		wp_set_current_user( (int) $admin[0] );
		add_filter( 'repair_agent_workspace_root', $allow );

		try {
			$test(
				$t,
				$copy,
				static fn( array $input = array() ) => wp_get_ability( 'repair-agent/fix-failing-tests' )->execute( $input + array( 'workspace' => $copy ) ),
				$files
			);
		} finally {
			remove_filter( 'repair_agent_workspace_root', $allow );
			wp_set_current_user( $user );

			foreach ( $each( $root, RecursiveIteratorIterator::CHILD_FIRST ) as $entry ) {
				$entry->isDir() && ! $entry->isLink() ? rmdir( $entry->getPathname() ) : unlink( $entry->getPathname() );
			}
			rmdir( $root );
		}
	};
};

// Replaces a text that must be there exactly once.
$repair_agent_replace = static function ( string $file, string $from, string $to ): void {
	$code = file_get_contents( $file );

	if ( 1 !== substr_count( $code, $from ) ) {
		throw new LogicException( "$file must have exactly one: $from" );
	}

	file_put_contents( $file, str_replace( $from, $to, $code ) );
};

$repair_agent_settings = dirname( __DIR__, 2 ) . '/settings-plugin';
$repair_agent_basket   = __DIR__ . '/fixtures/basket';
$repair_agent_bug      = 'rest_sanitize_boolean( $posted[ $name ] ?? $stored[ $name ] )';
$repair_agent_fix      = 'rest_sanitize_boolean( $posted[ $name ] ?? false )';

$repair_agent_cases = array(
	'The bug of the settings plugin is repaired' => $repair_agent_test(
		$repair_agent_settings,
		static function ( $t, $copy, $fix, $files ) use ( $repair_agent_bug, $repair_agent_fix ): void {
			$expected = $files();
			$expected['includes/class-settings.php'] = str_replace( $repair_agent_bug, $repair_agent_fix, $expected['includes/class-settings.php'] );

			$report = $fix();
			$t->same( true, $report['success'], 'success' );
			$t->same( array( 'includes/class-settings.php' ), $report['files_changed'], 'files_changed' );
			$t->same( 'failed', $report['test_results']['before']['status'], 'before' );
			$t->same( 2, $report['test_results']['before']['summary']['failed'], 'failed before' );
			$t->same( 'passed', $report['test_results']['after']['status'], 'after' );
			$t->same( 0, $report['test_results']['after']['summary']['failed'], 'failed after' );
			$t->same( $expected, $files(), 'files' );
			$t->contains( 'class-settings.php:84', implode( "\n", array_column( $report['steps'], 'detail' ) ), 'steps' );

			$again = $fix();
			$t->same( true, $again['success'], 'success of a second call' );
			$t->contains( 'nothing to repair', $again['summary'], 'summary of a second call' );
			$t->same( array(), $again['files_changed'], 'files_changed of a second call' );
			$t->same( $expected, $files(), 'files after a second call' );
		}
	),

	'Two bugs at once are repaired' => $repair_agent_test(
		$repair_agent_basket,
		static function ( $t, $copy, $fix, $files ) use ( $repair_agent_replace ): void {
			$expected = $files();
			$repair_agent_replace( "$copy/src/basket.php", '$sum >= $free_from', '$sum > $free_from' );
			$repair_agent_replace( "$copy/src/basket.php", '$sum - intdiv(', '$sum + intdiv(' );

			$report = $fix();
			$t->same( 2, $report['test_results']['before']['summary']['failed'], 'failed before' );
			$t->same( true, $report['success'], 'success' );
			$t->same( $expected, $files(), 'files' );
		}
	),

	'A bug that no rule knows changes nothing and is a failure' => $repair_agent_test(
		$repair_agent_basket,
		static function ( $t, $copy, $fix, $files ) use ( $repair_agent_replace ): void {
			$repair_agent_replace( "$copy/src/basket.php", 'intdiv( $sum * $percent, 100 )', 'intdiv( $sum, 100 )' );
			$expected = $files();

			$report = $fix();
			$t->same( false, $report['success'], 'success' );
			$t->same( array(), $report['files_changed'], 'files_changed' );
			$t->same( $report['test_results']['before'], $report['test_results']['after'], 'after' );
			$t->same( $expected, $files(), 'files' );
		}
	),

	'Half a repair is undone' => $repair_agent_test(
		$repair_agent_basket,
		static function ( $t, $copy, $fix, $files ) use ( $repair_agent_replace ): void {
			$repair_agent_replace( "$copy/src/basket.php", '$sum >= $free_from', '$sum > $free_from' );
			$repair_agent_replace( "$copy/src/basket.php", 'intdiv( $sum * $percent, 100 )', 'intdiv( $sum, 100 )' );
			$expected = $files();

			$report = $fix();
			$t->same( false, $report['success'], 'success' );
			$t->same( true, in_array( 'Kept an edit', array_column( $report['steps'], 'title' ), true ), 'an edit was kept for a while' );
			$t->same( $expected, $files(), 'files' );
		}
	),

	'Code that PHP cannot parse changes nothing and is a failure' => $repair_agent_test(
		$repair_agent_basket,
		static function ( $t, $copy, $fix, $files ) use ( $repair_agent_replace ): void {
			$repair_agent_replace( "$copy/src/basket.php", 'return $sum -', 'return $sum -;' );
			$expected = $files();

			$report = $fix();
			$t->same( false, $report['success'], 'success' );
			$t->same( 'error', $report['test_results']['before']['status'], 'before' );
			$t->contains( 'ParseError', $report['test_results']['before']['message'], 'message' );
			$t->same( $expected, $files(), 'files' );
		}
	),

	'A test file that returns no tests is a failure' => $repair_agent_test(
		$repair_agent_basket,
		static function ( $t, $copy, $fix ): void {
			file_put_contents( "$copy/tests/none.php", '<?php echo "1..0\n";' );
			$report = $fix( array( 'tests' => 'tests/none.php' ) );
			$t->same( false, $report['success'], 'success' );
			$t->same( 'error', $report['test_results']['after']['status'], 'after' );
		}
	),

	'Paths outside of the workspace root are refused' => $repair_agent_test(
		$repair_agent_basket,
		static function ( $t, $copy, $fix ) use ( $repair_agent_basket ): void {
			symlink( $repair_agent_basket, dirname( $copy ) . '/link' );
			symlink( $repair_agent_basket . '/tests/run.php', "$copy/tests/link.php" );
			$refused = static function ( string $field, array $input ) use ( $t, $fix ): void {
				$error = $fix( $input );
				$t->error( 'repair_agent_input_invalid', 400, $error, wp_json_encode( $input ) );
				$t->same( $field, $error->get_error_data()['field'], 'field' );
			};

			$refused( 'workspace', array( 'workspace' => $repair_agent_basket ) );
			$refused( 'workspace', array( 'workspace' => "$copy/../.." ) );
			$refused( 'workspace', array( 'workspace' => dirname( $copy ) . '/link' ) );
			$refused( 'workspace', array( 'workspace' => "$copy/absent" ) );
			$refused( 'workspace', array( 'workspace' => "$copy/src/basket.php" ) );
			$refused( 'workspace', array( 'workspace' => "$copy\0" ) );
			$refused( 'tests', array( 'tests' => 'tests/absent.php' ) );
			$refused( 'tests', array( 'tests' => 'tests/link.php' ) );
			$refused( 'tests', array( 'tests' => "../../{$repair_agent_basket}/tests/run.php" ) );
		}
	),

	'Input that does not fit the schema is refused' => $repair_agent_test(
		$repair_agent_basket,
		static function ( $t, $copy, $fix ): void {
			$t->same( 'ability_invalid_input', $fix( array( 'code' => 'echo 1;' ) )->get_error_code(), 'an unknown field' );
			$t->same( 'ability_invalid_input', $fix( array( 'workspace' => 1 ) )->get_error_code(), 'a number as workspace' );
			$t->same( 'ability_invalid_input', $fix( array( 'tests' => 'tests/run.sh' ) )->get_error_code(), 'tests that are not PHP' );
		}
	),

	'Who may not edit plugins may not call the ability' => $repair_agent_test(
		$repair_agent_basket,
		static function ( $t, $copy, $fix ): void {
			wp_set_current_user( 0 );
			$t->same( 'ability_invalid_permissions', $fix()->get_error_code(), 'a visitor' );
		}
	),
);

// Bugs of other kinds, each put into the repaired settings plugin: file, right, wrong.
$repair_agent_bugs = array(
	'a wrong boundary'       => array( 'includes/class-notice.php', 'return $now < $this', 'return $now <= $this' ),
	'a missing negation'     => array( 'includes/class-notice.php', '&& ! is_user_logged_in()', '&& is_user_logged_in()' ),
	'min for max'            => array( 'includes/class-settings.php', 'return max( $min', 'return min( $min' ),
	'a limit that is off'    => array( 'includes/class-settings.php', "'max'     => 30", "'max'     => 31" ),
	'arguments swapped'      => array( 'includes/class-settings.php', "\$field['min'], \$field['max'] )", "\$field['max'], \$field['min'] )" ),
	'the wrong variable'     => array( 'includes/class-settings.php', '? $value : $fallback', '? $value : $value' ),
	'an open door'           => array( 'includes/class-settings-page.php', '! is_string( $nonce ) || ! wp_verify_nonce', '! is_string( $nonce ) && ! wp_verify_nonce' ),
);

foreach ( $repair_agent_bugs as $repair_agent_kind => $repair_agent_edit ) {
	$repair_agent_cases[ "Another bug is repaired: $repair_agent_kind" ] = $repair_agent_test(
		$repair_agent_settings,
		static function ( $t, $copy, $fix, $files ) use ( $repair_agent_replace, $repair_agent_bug, $repair_agent_fix, $repair_agent_edit ): void {
			[ $file, $right, $wrong ] = $repair_agent_edit;
			$repair_agent_replace( "$copy/includes/class-settings.php", $repair_agent_bug, $repair_agent_fix );
			$expected = $files();
			$repair_agent_replace( "$copy/$file", $right, $wrong );

			$report = $fix();
			$t->same( 'failed', $report['test_results']['before']['status'], 'before' );
			$t->same( true, $report['success'], 'success' );
			$t->same( array( $file ), $report['files_changed'], 'files_changed' );
			$t->same( $expected, $files(), 'files' );
		}
	);
}

return $repair_agent_cases;
